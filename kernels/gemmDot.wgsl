// gemmDot: out = A B for few elements and long k. The reader of A and B is prepended.
// One workgroup computes one element: its LANES invocations walk k in blocks of 32 values, then
// meet in a tree.
// Grid: m * n * z workgroups, folded into y above 65,535. LANES is a power of two.
override LANES: u32 = 128;
var<workgroup> part: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let size = most();
  let id = group.y * groups.x + group.x;
  let e = extent(id / (size.x * size.y));
  let n = id % size.y;
  let m = id / size.y % size.x;
  let end = select(0u, e.end, (m < e.m) & (n < e.n));
  let row = rowOf(e, m);
  var s = 0.0;
  for (var block = e.start + lane; block < end; block += 32u * LANES) {
    var t = 0.0;
    let stop = min(end, block + 32u * LANES);
    for (var k = block; k < stop; k += LANES) { t += a1(e, row, k) * b1(e, k, n); }
    s += t;
  }
  part[lane] = s;
  for (var w = LANES / 2u; w > 0u; w >>= 1u) {
    workgroupBarrier(); // every invocation reaches it: no return above
    if (lane < w) { part[lane] += part[lane + w]; }
  }
  if (lane == 0u) { put(e, m, n, part[0]); }
}
