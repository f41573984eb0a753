// moveTile: move, where x is contiguous along one axis (r of them) and out along another (c):
// out[outStart + a oa + b ob + i3 o3 + .. + i0 o0] = x[xStart + a + b sb + i3 s3 + .. + i0 s0] for
// a below r (x's own axis, stride 1) and b below c (out's own axis: ob is 1).
// One workgroup moves a tile of 32 x 32 through shared memory, so that both sides are read and
// written along their rows; its 32 x 8 invocations take four elements each.
// Grid: ceil(r / 32) * ceil(c / 32) * d0 * d1 * d2 * d3, folded into y above 65,535.
struct Params {
  r: u32, c: u32, d0: u32, d1: u32, d2: u32, d3: u32,
  xStart: i32, sb: i32, s0: i32, s1: i32, s2: i32, s3: i32,
  outStart: i32, oa: i32, o0: i32, o1: i32, o2: i32, o3: i32,
}
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;
var<workgroup> tile: array<u32, 1056>; // rows of 33: no two of a column in one bank

@compute @workgroup_size(32, 8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  var rest = group.y * groups.x + group.x;
  let across = (p.c + 31u) / 32u;
  let b = (rest % across) * 32u;
  rest /= across;
  let down = (p.r + 31u) / 32u;
  let a = (rest % down) * 32u;
  rest /= down;
  let i3 = i32(rest % p.d3);
  rest /= p.d3;
  let i2 = i32(rest % p.d2);
  rest /= p.d2;
  let i1 = i32(rest % p.d1);
  rest /= p.d1;
  let inside = rest < p.d0;
  let i0 = i32(rest);
  let s = p.xStart + i0 * p.s0 + i1 * p.s1 + i2 * p.s2 + i3 * p.s3;
  let o = p.outStart + i0 * p.o0 + i1 * p.o1 + i2 * p.o2 + i3 * p.o3;
  for (var row = lane.y; row < 32u; row += 8u) {
    if (inside && a + lane.x < p.r && b + row < p.c) {
      tile[row * 33u + lane.x] = x[u32(s + i32(a + lane.x) + i32(b + row) * p.sb)];
    }
  }
  workgroupBarrier();
  for (var row = lane.y; row < 32u; row += 8u) {
    if (inside && a + row < p.r && b + lane.x < p.c) {
      out[u32(o + i32(a + row) * p.oa + i32(b + lane.x))] = tile[lane.x * 33u + row];
    }
  }
}
