// normalize: out = (x - mean) * rstd, rstd[o, i] = 1 / sqrt(var + eps), mean and (biased) variance
// over the middle axis of x [outer, n, inner].
// One workgroup takes COLS neighbouring lines (o, i); ROWS invocations walk each line down j eight
// values at a time, meet in a tree, and write the line.
// Grid: ceil(outer * inner / COLS) workgroups, folded into y above 65,535.
override COLS: u32 = 32; // COLS * ROWS = 256, powers of two
override ROWS: u32 = 8;
struct Params { outer: u32, n: u32, inner: u32, eps: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;
var<workgroup> states: array<Moments, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // Neighbours in a wave read neighbours in memory: along j if inner is 1, else along i.
  let col = select(lane % COLS, lane / ROWS, p.inner == 1u);
  let row = select(lane / COLS, lane % ROWS, p.inner == 1u);
  let line = (group.y * groups.x + group.x) * COLS + col;
  let o = line / p.inner;
  let i = line % p.inner;
  let n = select(0u, p.n, o < p.outer);
  let start = o * p.n * p.inner + i;
  var s = Moments(0.0, 0.0, 0.0);
  for (var j = row; j < n; j += 8u * ROWS) {
    var v: array<f32, 8>;
    for (var e = 0u; e < 8u; e++) {
      if (j + e * ROWS < n) { v[e] = x[start + (j + e * ROWS) * p.inner]; }
    }
    s = joined(s, momentsOf(v, min(8u, (n - j + ROWS - 1u) / ROWS)));
  }
  states[row * COLS + col] = s;
  for (var w = ROWS / 2u; w > 0u; w >>= 1u) {
    workgroupBarrier(); // every invocation reaches it: no return above
    if (row < w) {
      let at = row * COLS + col;
      states[at] = joined(states[at], states[at + w * COLS]);
    }
  }
  workgroupBarrier();
  let line0 = states[col];
  let r = 1.0 / sqrt(line0.m2 / max(line0.n, 1.0) + p.eps);
  for (var j = row; j < n; j += ROWS) {
    let at = start + j * p.inner;
    out[at] = (x[at] - line0.mean) * r;
  }
  if (row == 0u && o < p.outer) { rstd[o * p.inner + i] = r; }
}
