// gemmTile: out = A B by register tiles, for any reader of A and B (matmul and the convolutions;
// the reader and gemmBlocks.wgsl are prepended).
// One workgroup computes a tile of 4 SIDE x 4 SIDE: its SIDE x SIDE invocations keep 4 x 4 sums
// each in registers and walk k in slices of 32, which lie in shared memory as vec4 along m and n.
// While a slice is used the next one is on its way into registers: two barriers a slice.
// Grid: ceil(n / (4 SIDE)) * ceil(m / (4 SIDE)) * z workgroups, folded into y above 65,535.
override SIDE: u32 = 8; // 8 or 16
override SLOTS: u32 = 256; // 32 * SIDE: vec4 in a slice
var<workgroup> tileA: array<vec4f, SLOTS>;
var<workgroup> tileB: array<vec4f, SLOTS>;

@compute @workgroup_size(SIDE, SIDE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = blockOf(group.y * groups.x + group.x, 4u * SIDE, 4u * SIDE);
  let e = extent(tile.z);
  let m0 = tile.m;
  let n0 = tile.n;

  // A slice of one operand is SIDE x 8 blocks of 4 x 4. With SIDE 8 every invocation brings a block
  // of each, with SIDE 16 half of them bring A and half B. Neighbours go along memory.
  let blocks = SIDE * 8u;
  let bringsA = lane < blocks;
  let bringsB = lane >= SIDE * SIDE - blocks;
  let laneB = lane - min(lane, SIDE * SIDE - blocks);
  let kA = select(lane / SIDE, lane % 8u, aAlongK());
  let mA = select(lane % SIDE, lane / 8u, aAlongK());
  let kB = select(laneB / SIDE, laneB % 8u, bAlongK());
  let nB = select(laneB % SIDE, laneB / 8u, bAlongK());
  let rows = rowsOf(e, m0 + 4u * mA);
  var nextA = mat4x4f();
  var nextB = mat4x4f();

  let ty = lane / SIDE;
  let tx = lane % SIDE;
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  // A slice is on its way while the one before it is used; behind the end it is zeros.
  for (var k = e.start; k < e.end + 32u; k += 32u) {
    if (bringsA) { nextA = loadA(e, rows, k + 4u * kA); }
    if (bringsB) { nextB = loadB(e, k + 4u * kB, n0 + 4u * nB); }
    if (k > e.start) {
      for (var q = 0u; q < 8u; q++) {
        var at = 4u * q * SIDE;
        for (var j = 0u; j < 4u; j++) {
          let a = tileA[at + (ty ^ q)];
          let b = tileB[at + (tx ^ q)];
          s0 += a.x * b;
          s1 += a.y * b;
          s2 += a.z * b;
          s3 += a.w * b;
          at += SIDE;
        }
      }
    }
    workgroupBarrier(); // the slice has been used
    // Columns are stored at column ^ k / 4: no two blocks of a wave fall into one bank.
    if (bringsA) {
      let at = 4u * kA * SIDE + (mA ^ kA);
      tileA[at] = nextA[0];
      tileA[at + SIDE] = nextA[1];
      tileA[at + 2u * SIDE] = nextA[2];
      tileA[at + 3u * SIDE] = nextA[3];
    }
    if (bringsB) {
      let at = 4u * kB * SIDE + (nB ^ kB);
      tileB[at] = nextB[0];
      tileB[at + SIDE] = nextB[1];
      tileB[at + 2u * SIDE] = nextB[2];
      tileB[at + 3u * SIDE] = nextB[3];
    }
    workgroupBarrier();
  }

  let m = m0 + 4u * ty;
  let n = n0 + 4u * tx;
  for (var j = 0u; j < 4u; j++) {
    put(e, m, n + j, s0[j]);
    put(e, m + 1u, n + j, s1[j]);
    put(e, m + 2u, n + j, s2[j]);
    put(e, m + 3u, n + j, s3[j]);
  }
}
