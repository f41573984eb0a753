// map1: out[i] = f(x[i / xInner % xMid]) for i below n, on 32-bit words of any type.
// One invocation computes one element. `f` is prepended, one function of the table at a time.
// Grid: ceil(n / 256) workgroups, folded into y above 65,535.
struct Params { n: u32, xInner: u32, xMid: u32, inf: f32, nan: f32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

// Whole and scalar operands, which are nearly all, cost no division.
fn place(i: u32, inner: u32, mid: u32) -> u32 {
  if (mid == 1u) { return 0u; }
  if (inner == 1u && mid >= p.n) { return i; }
  return (i / inner) % mid;
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  INF = p.inf;
  NAN = p.nan;
  let i = (group.y * groups.x + group.x) * 256u + lane;
  if (i < p.n) { out[i] = f(x[place(i, p.xInner, p.xMid)]); }
}
