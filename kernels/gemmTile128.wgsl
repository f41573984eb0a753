// gemmTile128: gemmTile for large products: one workgroup computes 128 x 128, its 16 x 16
// invocations 8 x 8 each, so that a vec4 from shared memory is used eight times, not four. The
// reader of A and B and gemmBlocks.wgsl are prepended.
// k goes in slices of 16 (16 KiB of shared memory for both operands); an invocation's rows are
// 4 ty .. and 64 + 4 ty .., its columns likewise, so that a wave reads neighbouring vec4.
// Grid: ceil(n / 128) * ceil(m / 128) * z workgroups, folded into y above 65,535.
var<workgroup> tileA: array<vec4f, 512>;
var<workgroup> tileB: array<vec4f, 512>;

// Four rows by four columns of the result.
fn putBlock(e: Extent, m: u32, n: u32, s: mat4x4f) {
  for (var j = 0u; j < 4u; j++) {
    put(e, m, n + j, s[0][j]);
    put(e, m + 1u, n + j, s[1][j]);
    put(e, m + 2u, n + j, s[2][j]);
    put(e, m + 3u, n + j, s[3][j]);
  }
}

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = blockOf(group.y * groups.x + group.x, 128u, 128u);
  let e = extent(tile.z);
  let m0 = tile.m;
  let n0 = tile.n;

  // A slice of one operand is 32 x 4 blocks of 4 x 4: half the invocations bring A, half B.
  let bringsA = lane < 128u;
  let block = lane % 128u;
  let along = select(bAlongK(), aAlongK(), bringsA);
  let kq = select(block / 32u, block % 4u, along);
  let column = select(block % 32u, block / 4u, along);
  let rows = rowsOf(e, m0 + 4u * column);
  let slot = 128u * kq + (column ^ (2u * kq)); // no two blocks of a wave fall into one bank
  var next: mat4x4f;

  let ty = lane / 16u;
  let tx = lane % 16u;
  var s00 = mat4x4f(); // rows 4 ty .. by columns 4 tx ..; the others 64 on
  var s01 = mat4x4f();
  var s10 = mat4x4f();
  var s11 = mat4x4f();
  // A slice is on its way while the one before it is used; behind the end it is zeros.
  for (var k = e.start; k < e.end + 16u; k += 16u) {
    if (bringsA) {
      next = loadA(e, rows, k + 4u * kq);
    } else {
      next = loadB(e, k + 4u * kq, n0 + 4u * column);
    }
    if (k > e.start) {
      for (var q = 0u; q < 4u; q++) {
        for (var j = 0u; j < 4u; j++) {
          let at = 128u * q + 32u * j;
          let a0 = tileA[at + (ty ^ (2u * q))];
          let a1 = tileA[at + ((16u + ty) ^ (2u * q))];
          let b0 = tileB[at + (tx ^ (2u * q))];
          let b1 = tileB[at + ((16u + tx) ^ (2u * q))];
          s00 = mat4x4f(
            s00[0] + a0.x * b0, s00[1] + a0.y * b0, s00[2] + a0.z * b0, s00[3] + a0.w * b0,
          );
          s01 = mat4x4f(
            s01[0] + a0.x * b1, s01[1] + a0.y * b1, s01[2] + a0.z * b1, s01[3] + a0.w * b1,
          );
          s10 = mat4x4f(
            s10[0] + a1.x * b0, s10[1] + a1.y * b0, s10[2] + a1.z * b0, s10[3] + a1.w * b0,
          );
          s11 = mat4x4f(
            s11[0] + a1.x * b1, s11[1] + a1.y * b1, s11[2] + a1.z * b1, s11[3] + a1.w * b1,
          );
        }
      }
    }
    workgroupBarrier(); // the slice has been used
    if (bringsA) {
      tileA[slot] = next[0];
      tileA[slot + 32u] = next[1];
      tileA[slot + 64u] = next[2];
      tileA[slot + 96u] = next[3];
    } else {
      tileB[slot] = next[0];
      tileB[slot + 32u] = next[1];
      tileB[slot + 64u] = next[2];
      tileB[slot + 96u] = next[3];
    }
    workgroupBarrier();
  }

  let m = m0 + 4u * ty;
  let n = n0 + 4u * tx;
  putBlock(e, m, n, s00);
  putBlock(e, m, n + 64u, s01);
  putBlock(e, m + 64u, n, s10);
  putBlock(e, m + 64u, n + 64u, s11);
}
