// conv2dKernelTaps: conv2dKernel on adapters that compute on the CPU, where finding a pixel's place
// at each step of k costs more than its products: rows of pixels are the outer loop, their pixels
// the inner.
// Outputs of a group come in fours. The reader conv2dKernel.wgsl and gemmBlocks.wgsl are prepended.
// One invocation computes a block of 8 weights x 8 outputs, a workgroup 8 that follow each other.
// Grid: ceil(blocks / 8) workgroups, folded into y above 65,535.

// Sizes of x in a loop: uniforms are dear there.
struct Sizes { h: u32, w: u32, c: u32, step: u32 }
// Where four weights meet x at the first pixel of a row of g, and the columns there; `row`: whether
// the row is inside x. What is outside counts as zero. VA: all are where the first is.
struct Places { at: vec4u, x: vec4u, row: vec4<bool> }

fn placesOf(sizes: Sizes, rows: Rows, image: u32, y: u32, x: u32) -> Places {
  let iy = vec4u(vec4i(rows.a.dy, rows.b.dy, rows.c.dy, rows.d.dy)) + y; // negative ones are large
  let ix = vec4u(vec4i(rows.a.dx, rows.b.dx, rows.c.dx, rows.d.dx)) + x;
  let c = vec4u(rows.a.c, rows.b.c, rows.c.c, rows.d.c);
  return Places(image + (iy * sizes.w + ix) * sizes.c + c, ix, iy < vec4u(sizes.h));
}

fn read1(at: u32) -> f32 { return x[at >> 2u][at & 3u]; }

// What four weights meet `columns` further on.
fn meet(sizes: Sizes, places: Places, columns: u32) -> vec4f {
  let at = places.at + columns * sizes.c;
  let inside = places.row & (places.x + columns < vec4u(sizes.w));
  if (VA) { return select(vec4f(), x[at.x >> 2u], inside.x); }
  return select(vec4f(), vec4f(read1(at.x), read1(at.y), read1(at.z), read1(at.w)), inside);
}

// Column i: b times a[i].
fn outer(b: vec4f, a: vec4f) -> mat4x4f { return mat4x4f(a.x * b, a.y * b, a.z * b, a.w * b); }

fn write4(e: Extent, m: u32, n: u32, v: vec4f) {
  if (m >= e.m || n >= e.n) { return; }
  let at = e.out + m * p.oc + n;
  out[at] = v.x;
  out[at + 1u] = v.y;
  out[at + 2u] = v.z;
  out[at + 3u] = v.w;
}

fn write(e: Extent, m: u32, n: u32, s: mat4x4f) {
  write4(e, m, n, s[0]);
  write4(e, m + 1u, n, s[1]);
  write4(e, m + 2u, n, s[2]);
  write4(e, m + 3u, n, s[3]);
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = blockOf((group.y * groups.x + group.x) * 8u + lane, 8u, 8u);
  let e = extent(block.z);
  let m = block.m;
  let n = block.n;
  if (m >= e.m || n >= e.n) { return; } // no barrier below
  let rows0 = rowsOf(e, m);
  let rows1 = rowsOf(e, m + 4u);
  let sizes = Sizes(p.h, p.w, p.c, p.sw);
  let out4 = p.oc >> 2u;
  let next = select(0u, 1u, n + 4u < e.n); // outputs behind the last are read twice, not written
  var s00 = mat4x4f(); // column i: weight m + i, outputs from n on; the others 4 on
  var s01 = mat4x4f();
  var s10 = mat4x4f();
  var s11 = mat4x4f();
  var k = e.start;
  while (k < e.end) {
    let line = k / p.ow;
    let ox = k - line * p.ow;
    let image = line / p.oh;
    let start = e.x + image * (sizes.h * sizes.w * sizes.c);
    let y = (line - image * p.oh) * p.sh;
    let places0 = placesOf(sizes, rows0, start, y, ox * sizes.step);
    let places1 = placesOf(sizes, rows1, start, y, ox * sizes.step);
    let count = min(p.ow - ox, e.end - k);
    var at = ((e.g + n) >> 2u) + k * out4;
    var columns = 0u;
    k += count;
    for (var i = 0u; i < count; i++) {
      let a0 = meet(sizes, places0, columns);
      let a1 = meet(sizes, places1, columns);
      let b0 = g[at];
      let b1 = g[at + next];
      s00 += outer(b0, a0);
      s01 += outer(b1, a0);
      s10 += outer(b0, a1);
      s11 += outer(b1, a1);
      at += out4;
      columns += sizes.step;
    }
  }
  write(e, m, n, s00);
  write(e, m, n + 4u, s01);
  write(e, m + 4u, n, s10);
  write(e, m + 4u, n + 4u, s11);
}
