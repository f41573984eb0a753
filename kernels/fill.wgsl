// fill: out[i] = value for i below n; the value is 32 bits of any type.
// One invocation writes one element.
// Grid: ceil(n / 256) workgroups, folded into y above 65,535.
struct Params { n: u32, value: u32 }
@group(0) @binding(0) var<storage, read_write> out: array<u32>;
@group(0) @binding(1) var<uniform> p: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 256u + lane;
  if (i < p.n) { out[i] = p.value; }
}
