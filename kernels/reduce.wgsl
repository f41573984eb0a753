// reduce: out[o, i] = combine over j of x[o, j, i], x [outer, n, inner], or with parts > 1 the
// partial result out[o, part, i] of the j from part * chunk on, for a second call to combine.
// One workgroup takes COLS neighbouring results; its ROWS invocations for each walk down j, then
// meet in a tree. Blocks of 32 values are combined first, so that long sums keep their digits.
// A State is what is known of some values. Prepended: `State`, `neutral`, `load` (one value of
// x), `partial` (a State of x), `combine` (a before b), `finish`, `keep` (a State to out).
// FIRST: x holds values, else States. LAST: out gets results, else States.
// Grid: ceil(outer * inner / COLS) * parts workgroups, folded into y above 65,535.
override COLS: u32 = 32; // COLS * ROWS = 256, powers of two
override ROWS: u32 = 8;
override FIRST = true;
override LAST = true;
struct Params { outer: u32, n: u32, inner: u32, parts: u32, chunk: u32, inf: f32, nan: f32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;
var<workgroup> states: array<State, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  INF = p.inf;
  NAN = p.nan;
  let id = group.y * groups.x + group.x;
  let part = id % p.parts;
  // Neighbours in a wave read neighbours in memory: along j if inner is 1, else along i.
  let col = select(lane % COLS, lane / ROWS, p.inner == 1u);
  let row = select(lane / COLS, lane % ROWS, p.inner == 1u);
  let line = (id / p.parts) * COLS + col;
  let o = line / p.inner;
  let i = line % p.inner;
  let inside = o < p.outer;
  let end = select(0u, min(p.n, (part + 1u) * p.chunk), inside);
  var s = neutral();
  for (var block = part * p.chunk + row; block < end; block += 32u * ROWS) {
    var t = neutral();
    let stop = min(end, block + 32u * ROWS);
    for (var j = block; j < stop; j += ROWS) {
      let at = (o * p.n + j) * p.inner + i;
      if (FIRST) { t = combine(t, load(x[at], j)); } else { t = combine(t, partial(at)); }
    }
    s = combine(s, t);
  }
  states[row * COLS + col] = s;
  for (var w = ROWS / 2u; w > 0u; w >>= 1u) {
    workgroupBarrier(); // every invocation reaches it: no return above
    if (row < w) {
      let at = row * COLS + col;
      states[at] = combine(states[at], states[at + w * COLS]);
    }
  }
  if (row == 0u && inside) {
    let at = (o * p.parts + part) * p.inner + i;
    if (LAST) { out[at] = finish(states[col]); } else { keep(at, states[col]); }
  }
}
