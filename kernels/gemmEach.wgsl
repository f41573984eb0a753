// gemmEach: out = A B, one invocation an element, for products too small to fill a GPU with tiles
// and for narrow groups. The reader of A and B is prepended.
// Neighbours take neighbouring columns, then neighbouring groups, then rows: as in memory.
// Grid: ceil(m * n * z / 64) workgroups, folded into y above 65,535.
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let size = most();
  var rest = (group.y * groups.x + group.x) * 64u + lane;
  let n = rest % size.y;
  rest /= size.y;
  let inGroup = rest % groupCount();
  rest /= groupCount();
  let m = rest % size.x;
  let e = extent(rest / size.x * groupCount() + inGroup);
  if (m >= e.m || n >= e.n) { return; } // no barrier below
  let row = rowOf(e, m);
  var s = 0.0;
  for (var k = e.start; k < e.end; k++) { s += a1(e, row, k) * b1(e, k, n); }
  put(e, m, n, s);
}
