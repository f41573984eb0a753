// scatter: out[o, r, i] = sum of g[o, j, i] over the j with idx[j] = r; ALONG (scatterAlong): with
// idx[o, j, i] = r; g is [outer, k, inner], out [outer, n, inner]. For short k.
// The owner gathers: one invocation sums one element of out over all j in ascending order, so no
// atomics and the same bits in every run. A bad index has no owner.
// Grid: ceil(outer * n * inner / 256) workgroups, folded into y above 65,535.
override ALONG = false;
struct Params { outer: u32, n: u32, k: u32, inner: u32 }
@group(0) @binding(0) var<storage, read> g: array<f32>;
@group(0) @binding(1) var<storage, read> idx: array<i32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let element = (group.y * groups.x + group.x) * 256u + lane;
  let i = element % p.inner;
  let r = i32((element / p.inner) % p.n);
  let o = element / p.inner / p.n;
  if (o < p.outer) {
    var s = 0.0;
    for (var j = 0u; j < p.k; j++) {
      let at = (o * p.k + j) * p.inner + i;
      if (idx[select(j, at, ALONG)] == r) { s += g[at]; }
    }
    out[element] = s;
  }
}
