// chain, map1, map2, map3: a list of scalar functions at every element i below n: registers begin
// with the inputs' elements, x[i / inner % mid] or such a part for each span, and end as the
// outputs' elements. Words are of any 32-bit type.
// One invocation computes one element of every output. Prepended by
// src/device/webgpu/elementwise.ts: Params (n, the repeats, inf and nan), the bindings, and
// `element`, one line a step.
// Grid: ceil(n / 256) workgroups, folded into y above 65,535.

// Where element i reads an operand that has a part, mid long, for each span of elements. The tests
// are the same for all invocations: whole and scalar operands, which are nearly all, cost no
// division.
fn place(i: u32, inner: u32, mid: u32, span: u32) -> u32 {
  if (span >= p.n) {
    if (mid == 1u) { return 0u; }
    if (inner == 1u && mid >= p.n) { return i; }
    return (i / inner) % mid;
  }
  let part = i / span;
  return part * mid + (i - part * span) / inner % mid;
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
  if (i < p.n) { element(i); }
}
