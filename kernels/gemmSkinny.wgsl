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
var<workgroup> part: array<vec4f, 512>;

// The long operand at column c of the long side.
fn longAt(e: Extent, k: u32, c: u32) -> f32 {
  if (SWAP) { return a1(e, rowOf(e, c), k); }
  return b1(e, k, c);
}

// The short operand at r of the short side, 0 outside.
fn shortAt(e: Extent, k: u32, r: u32) -> f32 {
  if (SWAP) {
    if (r < e.n) { return b1(e, k, r); }
    return 0.0;
  }
  if (r < e.m) { return a1(e, rowOf(e, r), k); }
  return 0.0;
}

fn putAt(e: Extent, c: u32, r: u32, v: f32) {
  if (SWAP) { put(e, c, r, v); } else { put(e, r, c, v); }
}

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
  let end = select(0u, e.end, c < select(e.n, e.m, SWAP));
  var s0 = vec4f();
  var s1 = vec4f();
  for (var k = e.start + slice; k < end; k += SLICES) {
    let v = longAt(e, k, c);
    s0 += v * vec4f(shortAt(e, k, 0u), shortAt(e, k, 1u), shortAt(e, k, 2u), shortAt(e, k, 3u));
    s1 += v * vec4f(shortAt(e, k, 4u), shortAt(e, k, 5u), shortAt(e, k, 6u), shortAt(e, k, 7u));
  }
  let at = slice * COLS + col;
  part[at] = s0;
  part[256u + at] = s1;
  for (var w = SLICES / 2u; w > 0u; w >>= 1u) {
    workgroupBarrier(); // every invocation reaches it: no return above
    if (slice < w) {
      part[at] += part[at + w * COLS];
      part[256u + at] += part[256u + at + w * COLS];
    }
  }
  if (slice == 0u) {
    for (var r = 0u; r < 4u; r++) {
      putAt(e, c, r, part[at][r]);
      putAt(e, c, r + 4u, part[256u + at][r]);
    }
  }
}
