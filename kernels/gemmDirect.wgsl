// gemmDirect: out = A B without shared memory, for narrow products, which would leave most of a
// square tile empty, and few rows or columns on adapters that compute on the CPU. The reader of A
// and B and gemmBlocks.wgsl are prepended.
// One invocation computes a block of 4 x 4, k by four; a workgroup computes 64 that follow each
// other, along the columns and then down the rows: as in memory.
// Grid: ceil(blocks / 64) workgroups, folded into y above 65,535.
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = blockOf((group.y * groups.x + group.x) * 64u + lane, 4u, 4u);
  let e = extent(block.z);
  let m = block.m;
  let n = block.n;
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
