// conv2dKernel, as a reader of the gemm kernels: the adjoint of conv2d by w, dw[b, kh, kw, c, oc] =
// sum over n, oh, ow of x[b, n, oh sh + kh dh - ph, ow sw + kw dw - pw, c] g[b, n, oh, ow, oc]; a
// group of oc uses its c / groups channels. As a product: m = kh kw c / groups, k = n oh ow,
// n = oc / groups.
// z = ((split * batch) + b) * groups + group; split s sums k from s * chunk on into out[s].
// VA: channels come in fours; VB: outputs come in fours.
override VA = false;
override VB = false;
struct Params {
  batch: u32, n: u32, h: u32, w: u32, c: u32, kh: u32, kw: u32, oc: u32, oh: u32, ow: u32,
  sh: u32, sw: u32, ph: u32, pw: u32, dh: u32, dw: u32, groups: u32, xs: u32, gs: u32,
  splits: u32, chunk: u32,
}
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

// One product: its sizes, its range of k, where its operands and result begin, channels a group.
struct Extent {
  m: u32, n: u32, start: u32, end: u32, x: u32, g: u32, out: u32, cg: u32,
}
// A weight's step in x: rows, columns (less the padding) and its channel.
struct Row { dy: i32, dx: i32, c: u32 }
struct Rows { a: Row, b: Row, c: Row, d: Row }

fn most() -> vec2u { return vec2u(p.kh * p.kw * (p.c / p.groups), p.oc / p.groups); }
fn groupCount() -> u32 { return p.groups; }
fn aAlongK() -> bool { return false; }
fn bAlongK() -> bool { return false; }

fn extent(z: u32) -> Extent {
  if (z >= p.batch * p.splits * p.groups) { return Extent(0u, 0u, 0u, 0u, 0u, 0u, 0u, 1u); }
  let group = z % p.groups;
  let batch = (z / p.groups) % p.batch;
  let start = z / p.groups / p.batch * p.chunk;
  let cg = p.c / p.groups;
  let og = p.oc / p.groups;
  let m = p.kh * p.kw * cg;
  return Extent(
    m, og, start, min(p.n * p.oh * p.ow, start + p.chunk),
    batch * p.xs + group * cg, batch * p.gs + group * og,
    (z / p.groups) * m * p.oc + group * og, cg,
  );
}

// Rows behind the last have no pixel inside x.
fn rowOf(e: Extent, m: u32) -> Row {
  if (m >= e.m) { return Row(-0x40000000, 0, 0u); }
  let tap = m / e.cg;
  return Row(
    i32(tap / p.kw * p.dh) - i32(p.ph),
    i32(tap % p.kw * p.dw) - i32(p.pw),
    m % e.cg,
  );
}

fn rowsOf(e: Extent, m: u32) -> Rows {
  return Rows(rowOf(e, m), rowOf(e, m + 1u), rowOf(e, m + 2u), rowOf(e, m + 3u));
}

// An output pixel: where its image begins in x, and the place of its window, padding included.
struct Pixel { image: u32, y: u32, x: u32 }

fn pixelOf(e: Extent, k: u32) -> Pixel {
  let row = k / p.ow; // divisions are dear: what is left over is found by products
  let image = row / p.oh;
  return Pixel(
    e.x + image * (p.h * p.w * p.c),
    (row - image * p.oh) * p.sh,
    (k - row * p.ow) * p.sw,
  );
}

// The pixel after another: no division.
fn after(last: Pixel) -> Pixel {
  var next = last;
  next.x += p.sw;
  if (next.x >= p.ow * p.sw) {
    next.x = 0u;
    next.y += p.sh;
    if (next.y >= p.oh * p.sh) {
      next.y = 0u;
      next.image += p.h * p.w * p.c;
    }
  }
  return next;
}

fn x1(row: Row, pixel: Pixel) -> f32 {
  let iy = row.dy + i32(pixel.y);
  let ix = row.dx + i32(pixel.x);
  let inside = (u32(iy) < p.h) & (u32(ix) < p.w); // negative ones become large
  let at = pixel.image + (u32(iy) * p.w + u32(ix)) * p.c + row.c;
  return select(0.0, x[at >> 2u][at & 3u], inside);
}

fn x4(row: Row, pixel: Pixel) -> vec4f {
  let iy = row.dy + i32(pixel.y);
  let ix = row.dx + i32(pixel.x);
  let inside = (u32(iy) < p.h) & (u32(ix) < p.w);
  return select(vec4f(), x[(pixel.image + (u32(iy) * p.w + u32(ix)) * p.c + row.c) >> 2u], inside);
}

fn a1(e: Extent, row: Row, k: u32) -> f32 { return x1(row, pixelOf(e, k)); }

fn b1(e: Extent, k: u32, n: u32) -> f32 {
  let at = e.g + k * p.oc + n;
  return g[at >> 2u][at & 3u];
}

fn aColumn(e: Extent, r: Rows, k: u32, pixel: Pixel) -> vec4f {
  if (k >= e.end) { return vec4f(); }
  if (VA) { return x4(r.a, pixel); } // four channels of one tap
  return vec4f(x1(r.a, pixel), x1(r.b, pixel), x1(r.c, pixel), x1(r.d, pixel));
}

// Column j of the result is A[m .. m + 3, k + j], 0 outside.
fn loadA(e: Extent, r: Rows, k: u32) -> mat4x4f {
  let p0 = pixelOf(e, k);
  let p1 = after(p0);
  let p2 = after(p1);
  return mat4x4f(
    aColumn(e, r, k, p0),
    aColumn(e, r, k + 1u, p1),
    aColumn(e, r, k + 2u, p2),
    aColumn(e, r, k + 3u, after(p2)),
  );
}

fn bRow(e: Extent, k: u32, n: u32) -> vec4f {
  var v = vec4f();
  if (k < e.end) {
    if (VB) {
      if (n < e.n) { v = g[(e.g + k * p.oc + n) >> 2u]; }
    } else {
      v = vec4f(b1(e, k, n), b1(e, k, n + 1u), b1(e, k, n + 2u), b1(e, k, n + 3u));
      v = select(vec4f(), v, vec4u(n, n + 1u, n + 2u, n + 3u) < vec4u(e.n));
    }
  }
  return v;
}

// Column j of the result is B[k + j, n .. n + 3], 0 outside.
fn loadB(e: Extent, k: u32, n: u32) -> mat4x4f {
  return mat4x4f(bRow(e, k, n), bRow(e, k + 1u, n), bRow(e, k + 2u, n), bRow(e, k + 3u, n));
}

fn put(e: Extent, m: u32, n: u32, v: f32) {
  if ((m < e.m) & (n < e.n)) { out[e.out + m * p.oc + n] = v; }
}
