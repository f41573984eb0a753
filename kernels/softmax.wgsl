// softmax: out[m, n] = exp(x[m, n] - max) / sum over n of exp(x[m, n] - max); LOG (logSoftmax): its
// logarithm, x - max - log(sum).
// ROW invocations share a row, 256 / ROW rows a workgroup: each keeps a running maximum and the sum
// relative to it, a tree joins them, then all write. x is read twice, written once.
// Grid: ceil(m / (256 / ROW)) workgroups, folded into y above 65,535. ROW is a power of two.
override ROW: u32 = 32;
override LOG = false;
struct Params { m: u32, n: u32, inf: f32, nan: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;
var<workgroup> states: array<vec2f, 256>;

// Maximum and sum of two sets of values; NaN stays in the maximum.
fn combine(a: vec2f, b: vec2f) -> vec2f {
  let m = maximumOf(a.x, b.x);
  if (m == -INF) { return vec2f(m, 0.0); }
  if (a.x == b.x) { return vec2f(m, a.y + b.y); }
  let e = expOf(-abs(a.x - b.x));
  return vec2f(m, select(a.y * e + b.y, a.y + b.y * e, a.x > b.x));
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  INF = p.inf;
  NAN = p.nan;
  let row = (group.y * groups.x + group.x) * (256u / ROW) + lane / ROW;
  let col = lane % ROW;
  let start = row * p.n;
  let count = select(0u, p.n, row < p.m);
  var s = vec2f(-INF, 0.0);
  for (var j = col; j < count; j += ROW) { s = combine(s, vec2f(x[start + j], 1.0)); }
  states[lane] = s;
  for (var w = ROW / 2u; w > 0u; w >>= 1u) {
    workgroupBarrier(); // every invocation reaches it: no return above
    if (col < w) { states[lane] = combine(states[lane], states[lane + w]); }
  }
  workgroupBarrier();
  let total = states[lane - col];
  // A row with an infinite maximum, or NaN, has no softmax; adapters disagree on inf - inf.
  let bad = isNan(total.x) || isInf(total.x);
  let log = logOf(total.y);
  for (var j = col; j < count; j += ROW) {
    let d = x[start + j] - total.x;
    var y = select(expOf(d) / total.y, d - log, LOG);
    if (bad) { y = NAN; }
    out[start + j] = y;
  }
}
