// normalizeStats: joins the moments of the parts of each line: mean[o, i], rstd[o, i] =
// 1 / sqrt(var + eps) from parts[o, part, i] = (count, mean, sum of squared distances).
// One invocation joins the parts of one line, in order.
// Grid: ceil(outer * inner / 64) workgroups, folded into y above 65,535.
struct Params { outer: u32, inner: u32, parts: u32, eps: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> mean: array<f32>;
@group(0) @binding(2) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let line = (group.y * groups.x + group.x) * 64u + lane;
  let o = line / p.inner;
  let i = line % p.inner;
  if (o < p.outer) {
    var s = Moments(0.0, 0.0, 0.0);
    for (var part = 0u; part < p.parts; part++) {
      let at = 3u * ((o * p.parts + part) * p.inner + i);
      s = joined(s, Moments(x[at], x[at + 1u], x[at + 2u]));
    }
    mean[line] = s.mean;
    rstd[line] = 1.0 / sqrt(s.m2 / max(s.n, 1.0) + p.eps);
  }
}
