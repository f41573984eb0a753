// scatterSorted: scatter for long k: out[o, r, i] = sum of g[o, j, i] over the j with idx = r.
// `order` is the stable ascending order of idx[k], or in ALONG of each row of idx[outer * inner, k]
// (idx is then laid out so, its lines transposed to rows). The owner of an element finds its run
// in the order by bisection and sums it: ascending j, so the same bits in every run.
// One invocation sums one element of out.
// Grid: ceil(outer * n * inner / 256) workgroups, folded into y above 65,535.
override ALONG = false;
struct Params { outer: u32, n: u32, k: u32, inner: u32 }
@group(0) @binding(0) var<storage, read> g: array<f32>;
@group(0) @binding(1) var<storage, read> idx: array<i32>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

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
    let row = select(0u, (o * p.inner + i) * p.k, ALONG);
    var low = 0u;
    var high = p.k;
    while (low < high) {
      let mid = (low + high) / 2u;
      if (idx[row + order[row + mid]] < r) { low = mid + 1u; } else { high = mid; }
    }
    var s = 0.0;
    for (var at = low; at < p.k; at++) {
      let j = order[row + at];
      if (idx[row + j] != r) { break; }
      s += g[(o * p.k + j) * p.inner + i];
    }
    out[element] = s;
  }
}
