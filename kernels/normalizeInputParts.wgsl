// normalizeInputParts: out[o, part, i] = (sum of g, sum of g y) over the j from part * chunk on,
// g and y [outer, n, inner]; the sums of the parts are then added by a sum.
// One workgroup takes COLS neighbouring lines of one part; ROWS invocations walk each down j in
// blocks of 32 values and meet in a tree.
// Grid: ceil(outer * inner / COLS) * parts workgroups, folded into y above 65,535.
override COLS: u32 = 32; // COLS * ROWS = 256, powers of two
override ROWS: u32 = 8;
struct Params { outer: u32, n: u32, inner: u32, parts: u32, chunk: u32 }
@group(0) @binding(0) var<storage, read> g: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<vec2f>;
@group(0) @binding(3) var<uniform> p: Params;
var<workgroup> sums: array<vec2f, 256>;

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
  var s = vec2f();
  for (var block = part * p.chunk + row; block < n; block += 32u * ROWS) {
    var t = vec2f();
    let stop = min(n, block + 32u * ROWS);
    for (var j = block; j < stop; j += ROWS) {
      let at = start + j * p.inner;
      t += vec2f(g[at], g[at] * y[at]);
    }
    s += t;
  }
  sums[row * COLS + col] = s;
  for (var w = ROWS / 2u; w > 0u; w >>= 1u) {
    workgroupBarrier(); // every invocation reaches it: no return above
    if (row < w) { sums[row * COLS + col] += sums[(row + w) * COLS + col]; }
  }
  if (row == 0u && o < p.outer) { out[(o * p.parts + part) * p.inner + i] = sums[col]; }
}
