// gemmSkinny: out = A B for a side of at most 8: m, or with SWAP n. The long operand is read once.
// The reader of A and B is prepended.
// One workgroup takes COLS of the long side, all of the short one: its SLICES invocations a column
// walk k, keep 8 sums each, and meet in a tree. Neighbours go along memory: along the columns, or
// with FIRST_K along k.
// Grid: ceil(long side / COLS) * z workgroups, folded into y above 65,535.
override SWAP = false;
override FIRST_K = false;
override COLS: u32 = 32; // COLS * SLICES = 256, powers of two
override SLICES: u32 = 8;
var<workgroup> part: array<f32, 2048>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let size = most();
  let longSide = select(size.y, size.x, SWAP);
  let id = group.y * groups.x + group.x;
  let across = (longSide + COLS - 1u) / COLS;
  let e = extent(id / across);
  let col = select(lane % COLS, lane / SLICES, FIRST_K);
  let slice = select(lane / COLS, lane % SLICES, FIRST_K);
  let c = id % across * COLS + col;
  let inside = c < select(e.n, e.m, SWAP);
  let count = select(e.m, e.n, SWAP); // of the short side
  var s: array<f32, 8>;
  if (inside) {
    for (var k = e.start + slice; k < e.end; k += SLICES) {
      var v: f32;
      if (SWAP) { v = a1(e, rowOf(e, c), k); } else { v = b1(e, k, c); }
      for (var r = 0u; r < 8u; r++) {
        if (r < count) {
          if (SWAP) { s[r] += v * b1(e, k, r); } else { s[r] += v * a1(e, rowOf(e, r), k); }
        }
      }
    }
  }
  for (var r = 0u; r < 8u; r++) { part[r * 256u + slice * COLS + col] = s[r]; }
  for (var w = SLICES / 2u; w > 0u; w >>= 1u) {
    workgroupBarrier(); // every invocation reaches it: no return above
    if (slice < w) {
      for (var r = 0u; r < 8u; r++) {
        let at = r * 256u + slice * COLS + col;
        part[at] += part[at + w * COLS];
      }
    }
  }
  if (slice == 0u && inside) {
    for (var r = 0u; r < count; r++) {
      if (SWAP) { put(e, c, r, part[r * 256u + col]); } else { put(e, r, c, part[r * 256u + col]); }
    }
  }
}
