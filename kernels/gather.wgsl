// gather: out[o, j, i] = x[o, idx[j], i]; ALONG (gatherAlong): x[o, idx[o, j, i], i]; x is
// [outer, n, inner], out [outer, k, inner], on 32-bit words of any type. A bad index reads 0.
// One invocation moves one element.
// Grid: ceil(outer * k * inner / 256) workgroups, folded into y above 65,535.
override ALONG = false;
struct Params { outer: u32, n: u32, k: u32, inner: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> idx: array<i32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let element = (group.y * groups.x + group.x) * 256u + lane;
  let i = element % p.inner;
  let j = (element / p.inner) % p.k;
  let o = element / p.inner / p.k;
  if (o < p.outer) {
    let r = u32(idx[select(j, element, ALONG)]); // a negative one becomes large
    var v = 0u;
    if (r < p.n) { v = x[(o * p.n + r) * p.inner + i]; }
    out[element] = v;
  }
}
