// normalizeApply: out[o, j, i] = (x[o, j, i] - mean[o, i]) * rstd[o, i]; [outer, n, inner].
// One invocation computes one element.
// Grid: ceil(outer * n * inner / 256) workgroups, folded into y above 65,535.
struct Params { outer: u32, n: u32, inner: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> rstd: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

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
    out[element] = (x[element] - mean[line]) * rstd[line];
  }
}
