// attentionStats: what both passes of attentionBackward need of a query: stats[row] = (r, lse),
// r = sum over dv of g[row] y[row].
// One invocation takes one of the n * tq rows.
// Grid: ceil(rows / 64) workgroups, folded into y above 65,535.
struct Params { rows: u32, dv: u32 }
@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read> lse: array<f32>;
@group(0) @binding(3) var<storage, read_write> stats: array<vec2f>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.y * groups.x + group.x) * 64u + lane;
  if (row < p.rows) {
    var r = 0.0;
    for (var x = 0u; x < p.dv; x++) { r += g[row * p.dv + x] * y[row * p.dv + x]; }
    stats[row] = vec2f(r, lse[row]);
  }
}
