// gemmDirect: out = A B without shared memory, for any reader of A and B (the reader is prepended):
// for adapters whose shared memory is no faster than their cache, as all that run on a CPU.
// Also for narrow products, which would leave most of a square tile empty.
// One invocation computes a block of 4 x 4, k by four; a workgroup of X x Y computes 4 Y x 4 X.
// Grid: ceil(n / 4X) * ceil(m / 4Y) * z workgroups, folded into y above 65,535.
override X: u32 = 8; // X * Y = 64
override Y: u32 = 8;

@compute @workgroup_size(X, Y)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let id = group.y * groups.x + group.x;
  let size = most();
  let across = (size.y + 4u * X - 1u) / (4u * X);
  let down = (size.x + 4u * Y - 1u) / (4u * Y);
  let e = extent(id / (across * down));
  let m = (id / across) % down * (4u * Y) + 4u * lane.y;
  let n = id % across * (4u * X) + 4u * lane.x;
  if (m >= e.m || n >= e.n) { return; } // no barrier below
  let rows = rowsOf(e, m);
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  for (var k = e.start; k < e.end; k += 4u) {
    let a = loadA(e, rows, k);
    let b = loadB(e, k, n);
    s0 += a[0].x * b[0];
    s0 += a[1].x * b[1];
    s0 += a[2].x * b[2];
    s0 += a[3].x * b[3];
    s1 += a[0].y * b[0];
    s1 += a[1].y * b[1];
    s1 += a[2].y * b[2];
    s1 += a[3].y * b[3];
    s2 += a[0].z * b[0];
    s2 += a[1].z * b[1];
    s2 += a[2].z * b[2];
    s2 += a[3].z * b[3];
    s3 += a[0].w * b[0];
    s3 += a[1].w * b[1];
    s3 += a[2].w * b[2];
    s3 += a[3].w * b[3];
  }
  for (var j = 0u; j < 4u; j++) {
    put(e, m, n + j, s0[j]);
    put(e, m + 1u, n + j, s1[j]);
    put(e, m + 2u, n + j, s2[j]);
    put(e, m + 3u, n + j, s3[j]);
  }
}
