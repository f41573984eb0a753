// attentionKey: dk[j] = sum over i of ds[i, j] q[i], dvs[j] = sum over i of p[i, j] g[i], with ds
// and p as in attentionQuery.
// One workgroup takes 32 keys and walks the queries in blocks of 32; dk and dvs are kept in global
// memory, each element by one invocation.
// Grid: n * ceil(tk / 32) workgroups, folded into y above 65,535.
struct Params {
  n: u32, tq: u32, tk: u32, d: u32, dv: u32, causal: u32, masked: u32, ms: u32, mr: u32,
  scale: f32, inf: f32, nan: f32,
}
@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> mask: array<i32>;
@group(0) @binding(4) var<storage, read> g: array<f32>;
@group(0) @binding(5) var<storage, read> stats: array<vec2f>;
@group(0) @binding(6) var<storage, read_write> dk: array<f32>;
@group(0) @binding(7) var<storage, read_write> dvs: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;
var<workgroup> weights: array<vec4f, 256>; // [query][four keys]
var<workgroup> gradients: array<vec4f, 256>;

fn operand(which: u32, at: u32) -> f32 {
  switch (which) {
    case 0u: { return q[at]; }
    case 1u: { return k[at]; }
    case 2u: { return v[at]; }
    default: { return g[at]; }
  }
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  INF = p.inf;
  NAN = p.nan;
  let id = group.y * groups.x + group.x;
  let blocks = (p.tk + 31u) / 32u;
  let number = id / blocks;
  let j0 = id % blocks * 32u;
  let count = select(0u, min(32u, p.tk - j0), number < p.n);
  let first = number * p.tk + j0;
  let four = lane / 32u;
  let one = lane % 32u;
  for (var e = lane; e < 8u * max(p.d, p.dv); e += 256u) {
    for (var r = 0u; r < 4u; r++) {
      let key = 4u * (e % 8u) + r;
      if (key < count && e / 8u < p.d) { dk[(first + key) * p.d + e / 8u] = 0.0; }
      if (key < count && e / 8u < p.dv) { dvs[(first + key) * p.dv + e / 8u] = 0.0; }
    }
  }
  // The first key of the block is seen from the earliest query on.
  var start = 0u;
  if (p.causal == 1u) { start = (max(j0 + p.tq, p.tk) - p.tk) / 32u * 32u; }
  let end = select(0u, p.tq, number < p.n);
  for (var i0 = start; i0 < end; i0 += 32u) {
    let queries = min(32u, p.tq - i0);
    let queryRow = number * p.tq + i0;
    let s = blockProduct(Rows(1u, first, count), Rows(0u, queryRow, queries), p.d, lane) * p.scale;
    let dp = blockProduct(Rows(2u, first, count), Rows(3u, queryRow, queries), p.dv, lane);
    var w = vec4f();
    var ds = vec4f();
    let i = i0 + one;
    for (var r = 0u; r < 4u; r++) {
      if (sees(number, i, j0 + 4u * four + r)) {
        let known = stats[number * p.tq + i];
        w[r] = expOf(s[r] - known.y);
        ds[r] = w[r] * (dp[r] - known.x) * p.scale;
      }
    }
    weights[one * 8u + four] = w;
    gradients[one * 8u + four] = ds;
    workgroupBarrier();
    // Element e is always this invocation's: four keys, one column.
    for (var e = lane; e < 8u * max(p.d, p.dv); e += 256u) {
      let own = e % 8u;
      let x = e / 8u;
      var sumK = vec4f();
      var sumV = vec4f();
      for (var row = 0u; row < queries; row++) {
        if (x < p.d) { sumK += gradients[row * 8u + own] * q[(queryRow + row) * p.d + x]; }
        if (x < p.dv) { sumV += weights[row * 8u + own] * g[(queryRow + row) * p.dv + x]; }
      }
      for (var r = 0u; r < 4u; r++) {
        let key = first + 4u * own + r;
        if (4u * own + r < count && x < p.d) { dk[key * p.d + x] += sumK[r]; }
        if (4u * own + r < count && x < p.dv) { dvs[key * p.dv + x] += sumV[r]; }
      }
    }
    workgroupBarrier(); // the weights have been used
  }
}
