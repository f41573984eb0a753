// cumsumLines: out[o, j, i] = sum of x[o, 0..j, i], or of x[o, j..n-1, i] in reverse, for many
// or short lines; [outer, n, inner].
// One invocation walks one line (o, i).
// Grid: ceil(outer * inner / 64) workgroups, folded into y above 65,535.
struct Params { outer: u32, n: u32, inner: u32, reverse: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

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
    var s = 0.0;
    for (var step = 0u; step < p.n; step++) {
      let j = select(step, p.n - 1u - step, p.reverse == 1u);
      let at = (o * p.n + j) * p.inner + i;
      s += x[at];
      out[at] = s;
    }
  }
}
