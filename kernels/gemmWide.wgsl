// gemmWide: gemmDirect with blocks of 8 x 8, for adapters that compute on the CPU, where a read
// costs more than many products. The reader of A and B and gemmBlocks.wgsl are prepended.
// One invocation computes a block, k by four; a workgroup computes 16 that follow each other.
// Grid: ceil(blocks / 16) workgroups, folded into y above 65,535.
fn write4(e: Extent, m: u32, n: u32, v: vec4f) {
  put(e, m, n, v.x);
  put(e, m, n + 1u, v.y);
  put(e, m, n + 2u, v.z);
  put(e, m, n + 3u, v.w);
}

fn write(e: Extent, m: u32, n: u32, s: mat4x4f) {
  write4(e, m, n, s[0]);
  write4(e, m + 1u, n, s[1]);
  write4(e, m + 2u, n, s[2]);
  write4(e, m + 3u, n, s[3]);
}

@compute @workgroup_size(16)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = blockOf((group.y * groups.x + group.x) * 16u + lane, 8u, 8u);
  let e = extent(block.z);
  let m = block.m;
  let n = block.n;
  if (m >= e.m || n >= e.n) { return; } // no barrier below
  let rows0 = rowsOf(e, m);
  let rows1 = rowsOf(e, m + 4u);
  var s00 = mat4x4f(); // column i: row m + i of the result, from n on; the others 4 on
  var s01 = mat4x4f();
  var s10 = mat4x4f();
  var s11 = mat4x4f();
  for (var k = e.start; k < e.end; k += 4u) {
    let a0 = transpose(loadA(e, rows0, k));
    let a1 = transpose(loadA(e, rows1, k));
    let b0 = loadB(e, k, n);
    let b1 = loadB(e, k, n + 4u);
    s00 += b0 * a0;
    s01 += b1 * a0;
    s10 += b0 * a1;
    s11 += b1 * a1;
  }
  write(e, m, n, s00);
  write(e, m, n + 4u, s01);
  write(e, m + 4u, n, s10);
  write(e, m + 4u, n + 4u, s11);
}
