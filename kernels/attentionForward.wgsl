// attentionForward: y[i] = sum over j of exp(s[i, j] - lse[i]) v[j], s = scale q[i] k[j], lse[i] =
// log sum of exp(s[i, j]) over the keys that query i sees; for n independent q [n, tq, d], k [n,
// tk, d], v [n, tk, dv]; a query that sees nothing, or only scores of -inf, has y = 0 and lse = 0.
// One workgroup takes 32 queries and walks the keys in blocks of 32, with a running maximum and sum
// a query. y is kept in global memory, each element by one invocation, so widths have no bound.
// Grid: n * ceil(tq / 32) workgroups, folded into y above 65,535.
struct Params {
  n: u32, tq: u32, tk: u32, d: u32, dv: u32, causal: u32, masked: u32, ms: u32, mr: u32,
  scale: f32, inf: f32, nan: f32,
}
@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> mask: array<i32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;
var<workgroup> weights: array<vec4f, 256>; // [key][four queries]
var<workgroup> part: array<vec4f, 256>; // [four queries][key]

fn operand(which: u32, at: u32) -> f32 {
  if (which == 0u) { return q[at]; }
  return k[at];
}

fn max4(a: vec4f, b: vec4f) -> vec4f {
  return vec4f(
    maximumOf(a.x, b.x), maximumOf(a.y, b.y), maximumOf(a.z, b.z), maximumOf(a.w, b.w),
  );
}

// exp(s - m), 0 where nothing has been seen; a maximum of inf or NaN makes all NaN.
fn weight(s: f32, m: f32) -> f32 {
  if (m == -INF || s == -INF) { return 0.0; }
  if (isInf(m) || isNan(m)) { return NAN; }
  return expOf(s - m);
}

fn weight4(s: vec4f, m: vec4f) -> vec4f {
  return vec4f(weight(s.x, m.x), weight(s.y, m.y), weight(s.z, m.z), weight(s.w, m.w));
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
  let queries = Rows(0u, number * p.tq + i0, count);
  let four = lane / 32u;
  let one = lane % 32u;
  for (var e = lane; e < 8u * p.dv; e += 256u) {
    for (var r = 4u * (e / p.dv); r < min(count, 4u * (e / p.dv) + 4u); r++) {
      y[(queries.first + r) * p.dv + e % p.dv] = 0.0;
    }
  }
  // The last query of the block sees the most keys.
  var end = select(0u, p.tk, number < p.n);
  if (p.causal == 1u) { end = min(end, max(i0 + 32u + p.tk, p.tq) - p.tq); }
  var most = vec4f(-INF); // of each of this invocation's four queries
  var total = vec4f();
  for (var j0 = 0u; j0 < end; j0 += 32u) {
    let keys = Rows(1u, number * p.tk + j0, min(32u, p.tk - j0));
    var s = blockProduct(queries, keys, p.d, lane) * p.scale;
    for (var r = 0u; r < 4u; r++) {
      if (!sees(number, i0 + 4u * four + r, j0 + one)) { s[r] = -INF; }
    }
    part[lane] = s;
    for (var w = 16u; w > 0u; w >>= 1u) {
      workgroupBarrier();
      if (one < w) { part[lane] = max4(part[lane], part[lane + w]); }
    }
    workgroupBarrier();
    let next = max4(most, part[lane - one]);
    let kept = weight4(most, next); // what earlier sums count for now
    let now = weight4(s, next);
    workgroupBarrier(); // the maxima have been read
    weights[one * 8u + four] = now;
    part[lane] = now;
    for (var w = 16u; w > 0u; w >>= 1u) {
      workgroupBarrier();
      if (one < w) { part[lane] += part[lane + w]; }
    }
    workgroupBarrier();
    total = total * kept + part[lane - one];
    most = next;
    workgroupBarrier(); // the sums have been read
    if (one == 0u) { part[four] = kept; }
    workgroupBarrier();
    for (var e = lane; e < 8u * p.dv; e += 256u) {
      let own = e / p.dv;
      let x = e % p.dv;
      var sum = vec4f();
      for (var j = 0u; j < keys.count; j++) {
        sum += weights[j * 8u + own] * v[(keys.first + j) * p.dv + x];
      }
      let factor = part[own];
      for (var r = 0u; r < 4u; r++) {
        if (4u * own + r < count) {
          let at = (queries.first + 4u * own + r) * p.dv + x;
          y[at] = y[at] * factor[r] + sum[r];
        }
      }
    }
    workgroupBarrier(); // weights and factors have been used
  }
  if (one == 0u) { part[four] = total; }
  workgroupBarrier();
  for (var e = lane; e < 8u * p.dv; e += 256u) {
    let own = e / p.dv;
    for (var r = 0u; r < 4u; r++) {
      if (4u * own + r < count) {
        let at = (queries.first + 4u * own + r) * p.dv + e % p.dv;
        let sum = part[own][r];
        if (sum != 0.0 || isNan(sum)) { y[at] = y[at] / sum; }
      }
    }
  }
  if (one == 0u) {
    for (var r = 0u; r < 4u; r++) {
      if (4u * four + r < count) {
        var v = most[r] + logOf(total[r]);
        if (most[r] == -INF) { v = 0.0; }
        if (isNan(total[r])) { v = NAN; }
        lse[queries.first + 4u * four + r] = v;
      }
    }
  }
}
