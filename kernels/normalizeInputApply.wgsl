// normalizeInputApply: out = rstd * (g - sums.x / n - y * sums.y / n), g and y [outer, n, inner],
// rstd [outer, inner], sums [outer, inner] = (sum of g, sum of g y) over n.
// One invocation computes one element.
// Grid: ceil(outer * n * inner / 256) workgroups, folded into y above 65,535.
struct Params { outer: u32, n: u32, inner: u32 }
@group(0) @binding(0) var<storage, read> g: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> rstd: array<f32>;
@group(0) @binding(3) var<storage, read> sums: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let element = (group.y * groups.x + group.x) * 256u + lane;
  let o = element / (p.n * p.inner);
  if (o < p.outer) {
    let line = o * p.inner + element % p.inner;
    let mean = sums[line] / f32(p.n);
    out[element] = rstd[line] * (g[element] - mean.x - y[element] * mean.y);
  }
}
