// attentionQuery: dq[i] = sum over j of ds[i, j] k[j], ds = p (g[i] v[j] - r[i]) scale, p =
// exp(scale q[i] k[j] - lse[i]) over the keys that query i sees; stats [n, tq] = (r, lse). Shapes
// as in attentionForward.
// One workgroup takes 32 queries and walks the keys in blocks of 32; dq is kept in global memory,
// each element by one invocation.
// Grid: n * ceil(tq / 32) workgroups, folded into y above 65,535.
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
@group(0) @binding(6) var<storage, read_write> dq: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;
var<workgroup> weights: array<vec4f, 256>; // [key][four queries]

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
  let blocks = (p.tq + 31u) / 32u;
  let number = id / blocks;
  let i0 = id % blocks * 32u;
  let count = select(0u, min(32u, p.tq - i0), number < p.n);
  let first = number * p.tq + i0;
  let four = lane / 32u;
  let one = lane % 32u;
  for (var e = lane; e < 8u * p.d; e += 256u) {
    for (var r = 4u * (e / p.d); r < min(count, 4u * (e / p.d) + 4u); r++) {
      dq[(first + r) * p.d + e % p.d] = 0.0;
    }
  }
  // The last query of the block sees the most keys.
  var end = select(0u, p.tk, number < p.n);
  if (p.causal == 1u) { end = min(end, max(i0 + 32u + p.tk, p.tq) - p.tq); }
  for (var j0 = 0u; j0 < end; j0 += 32u) {
    let keys = min(32u, p.tk - j0);
    let keyRow = number * p.tk + j0;
    let s = blockProduct(Rows(0u, first, count), Rows(1u, keyRow, keys), p.d, lane) * p.scale;
    let dp = blockProduct(Rows(3u, first, count), Rows(2u, keyRow, keys), p.dv, lane);
    var ds = vec4f();
    for (var r = 0u; r < 4u; r++) {
      let i = i0 + 4u * four + r;
      if (sees(number, i, j0 + one)) {
        let known = stats[number * p.tq + i];
        ds[r] = expOf(s[r] - known.y) * (dp[r] - known.x) * p.scale;
      }
    }
    weights[one * 8u + four] = ds;
    workgroupBarrier();
    for (var e = lane; e < 8u * p.d; e += 256u) {
      let own = e / p.d;
      let x = e % p.d;
      var sum = vec4f();
      for (var j = 0u; j < keys; j++) {
        sum += weights[j * 8u + own] * k[(keyRow + j) * p.d + x];
      }
      for (var r = 0u; r < 4u; r++) {
        if (4u * own + r < count) { dq[(first + 4u * own + r) * p.d + x] += sum[r]; }
      }
    }
    workgroupBarrier(); // the weights have been used
  }
}
