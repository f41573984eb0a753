// normalizeParts: the moments of each part of a long line: out[o, part, i] = (count, mean, sum of
// squared distances) of the x[o, j, i] from j = part * chunk on, x [outer, n, inner].
// One workgroup takes COLS neighbouring lines of one part; ROWS invocations walk each down j eight
// values at a time and meet in a tree.
// Grid: ceil(outer * inner / COLS) * parts workgroups, folded into y above 65,535.
override COLS: u32 = 32; // COLS * ROWS = 256, powers of two
override ROWS: u32 = 8;
struct Params { outer: u32, n: u32, inner: u32, parts: u32, chunk: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;
var<workgroup> states: array<Moments, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = group.y * groups.x + group.x;
  let part = id % p.parts;
  // Neighbours in a wave read neighbours in memory: along j if inner is 1, else along i.
  let col = select(lane % COLS, lane / ROWS, p.inner == 1u);
  let row = select(lane / COLS, lane % ROWS, p.inner == 1u);
  let line = (id / p.parts) * COLS + col;
  let o = line / p.inner;
  let i = line % p.inner;
  let n = select(0u, min(p.n, (part + 1u) * p.chunk), o < p.outer);
  let start = o * p.n * p.inner + i;
  var s = Moments(0.0, 0.0, 0.0);
  for (var j = part * p.chunk + row; j < n; j += 8u * ROWS) {
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
  if (row == 0u && o < p.outer) {
    let at = 3u * ((o * p.parts + part) * p.inner + i);
    let whole = states[col];
    out[at] = whole.n;
    out[at + 1u] = whole.mean;
    out[at + 2u] = whole.m2;
  }
}
