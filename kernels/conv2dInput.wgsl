// conv2dInput, as a reader of the gemm kernels: the adjoint of conv2d by x, dx[b, n, h, w, c] = sum
// over the kh, kw, oc with oh sh + kh dh - ph = h and ow sw + kw dw - pw = w of
// g[b, n, oh, ow, oc] w[b, kh, kw, c, oc]; a group of c uses its oc / groups outputs.
// The pixels with one remainder (y mod sh, x mod sw), a phase, meet the same taps: one dense
// product a phase, with m = its pixels, k = its taps * oc / groups, n = c / groups. A phase's taps
// are kh = first, first + ty, ..: ty = sh / gcd(sh, dh), tx = sw / gcd(sw, dw).
// z = (((split * batch) + b) * sh * sw + phase) * groups + group; split s sums k from s * chunk on
// into out[s]. VA, VB: outputs of a group come in fours.
override VA = false;
override VB = false;
struct Params {
  batch: u32, n: u32, h: u32, w: u32, c: u32, kh: u32, kw: u32, oc: u32, oh: u32, ow: u32,
  sh: u32, sw: u32, ph: u32, pw: u32, dh: u32, dw: u32, groups: u32, gs: u32, ws: u32,
  splits: u32, chunk: u32, ty: u32, tx: u32, rows: u32,
}
@group(0) @binding(0) var<storage, read> g: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

// One product: its sizes, its range of k, where its operands and result begin, outputs a group;
// its phase, that phase's pixels (rows, columns), its first tap, taps a row, and steps in g from a
// tap to the next.
struct Extent {
  m: u32, n: u32, start: u32, end: u32, g: u32, w: u32, out: u32, og: u32,
  phase: vec2u, pixels: vec2u, first: vec2u, taps: u32,
  step: vec2u,
}
// A pixel of dx: where its image of g begins, and its row and column of g at the first tap.
struct Row { image: u32, y: i32, x: i32 }
struct Rows { a: Row, b: Row, c: Row, d: Row }

fn most() -> vec2u {
  return vec2u(p.n * ((p.h + p.sh - 1u) / p.sh) * ((p.w + p.sw - 1u) / p.sw), p.c / p.groups);
}
fn groupCount() -> u32 { return p.groups; }
fn aAlongK() -> bool { return true; }
fn bAlongK() -> bool { return true; }

// The first tap below `period` that meets the pixels of a phase; `period` when none does.
fn firstTap(pixel: u32, period: u32, dilation: u32, stride: u32) -> u32 {
  for (var tap = 0u; tap < period; tap++) {
    // pixel + padding - tap * dilation = 0 modulo the stride
    if ((pixel + period * dilation - tap * dilation) % stride == 0u) { return tap; }
  }
  return 0x7fffffffu;
}

fn extent(z: u32) -> Extent {
  let phases = p.sh * p.sw;
  if (z >= p.batch * p.splits * phases * p.groups) {
    return Extent(0u, 0u, 0u, 0u, 0u, 0u, 0u, 1u, vec2u(), vec2u(1u), vec2u(), 1u, vec2u());
  }
  let group = z % p.groups;
  let phaseId = (z / p.groups) % phases;
  let part = z / p.groups / phases;
  let batch = part % p.batch;
  let start = part / p.batch * p.chunk;
  let phase = vec2u(phaseId / p.sw, phaseId % p.sw);
  let pixels = vec2u(
    (max(p.h, phase.x) - phase.x + p.sh - 1u) / p.sh,
    (max(p.w, phase.y) - phase.y + p.sw - 1u) / p.sw,
  );
  let first = vec2u(
    firstTap(phase.x + p.ph, p.ty, p.dh, p.sh),
    firstTap(phase.y + p.pw, p.tx, p.dw, p.sw),
  );
  let rows = (max(p.kh, first.x) - first.x + p.ty - 1u) / p.ty;
  let columns = (max(p.kw, first.y) - first.y + p.tx - 1u) / p.tx;
  let cg = p.c / p.groups;
  let og = p.oc / p.groups;
  return Extent(
    p.n * pixels.x * pixels.y, cg, start, min(rows * columns * og, start + p.chunk),
    batch * p.gs + group * og, batch * p.ws + group * og,
    part * p.n * p.h * p.w * p.c + group * cg, og, phase, pixels, first, max(columns, 1u),
    vec2u(p.ty * p.dh / p.sh, p.tx * p.dw / p.sw),
  );
}

// Rows behind the last have no pixel inside g.
fn rowOf(e: Extent, m: u32) -> Row {
  if (m >= e.m) { return Row(0u, -0x40000000, 0); }
  let x = m % e.pixels.y * p.sw + e.phase.y;
  let y = m / e.pixels.y % e.pixels.x * p.sh + e.phase.x;
  let image = m / e.pixels.y / e.pixels.x;
  return Row(
    e.g + image * p.oh * p.ow * p.oc,
    (i32(y + p.ph) - i32(e.first.x * p.dh)) / i32(p.sh), // exact, by the choice of first
    (i32(x + p.pw) - i32(e.first.y * p.dw)) / i32(p.sw),
  );
}

fn rowsOf(e: Extent, m: u32) -> Rows {
  return Rows(rowOf(e, m), rowOf(e, m + 1u), rowOf(e, m + 2u), rowOf(e, m + 3u));
}

// A tap of the phase (as a step back in g), its place in w, and an output of the group.
struct Tap { dy: i32, dx: i32, w: u32, o: u32 }

fn tapOf(e: Extent, k: u32) -> Tap {
  let tap = k / e.og;
  let row = tap / e.taps; // divisions are dear: what is left over is found by products
  let column = tap - row * e.taps;
  return Tap(
    i32(row * e.step.x),
    i32(column * e.step.y),
    (e.first.x + row * p.ty) * p.kw + e.first.y + column * p.tx,
    k - tap * e.og,
  );
}

fn g1(row: Row, tap: Tap) -> f32 {
  let oy = row.y - tap.dy;
  let ox = row.x - tap.dx;
  let inside = (u32(oy) < p.oh) & (u32(ox) < p.ow); // negative ones become large
  let at = row.image + (u32(oy) * p.ow + u32(ox)) * p.oc + tap.o;
  return select(0.0, g[at >> 2u][at & 3u], inside);
}

fn g4(row: Row, tap: Tap) -> vec4f {
  let oy = row.y - tap.dy;
  let ox = row.x - tap.dx;
  let inside = (u32(oy) < p.oh) & (u32(ox) < p.ow);
  return select(vec4f(), g[(row.image + (u32(oy) * p.ow + u32(ox)) * p.oc + tap.o) >> 2u], inside);
}

fn a1(e: Extent, row: Row, k: u32) -> f32 { return g1(row, tapOf(e, k)); }

fn b1(e: Extent, k: u32, n: u32) -> f32 {
  let tap = tapOf(e, k);
  let at = e.w + (tap.w * e.n + n) * p.oc + tap.o;
  return w[at >> 2u][at & 3u];
}

fn aColumn(e: Extent, r: Rows, k: u32) -> vec4f {
  if (k >= e.end) { return vec4f(); }
  let tap = tapOf(e, k);
  return vec4f(g1(r.a, tap), g1(r.b, tap), g1(r.c, tap), g1(r.d, tap));
}

// Column j of the result is A[m .. m + 3, k + j], 0 outside.
fn loadA(e: Extent, r: Rows, k: u32) -> mat4x4f {
  if (VA) {
    if (k >= e.end) { return mat4x4f(); }
    let tap = tapOf(e, k);
    return transpose(mat4x4f(g4(r.a, tap), g4(r.b, tap), g4(r.c, tap), g4(r.d, tap)));
  }
  return mat4x4f(
    aColumn(e, r, k), aColumn(e, r, k + 1u), aColumn(e, r, k + 2u), aColumn(e, r, k + 3u),
  );
}

fn w4(inside: bool, at: u32) -> vec4f { return select(vec4f(), w[at >> 2u], inside); }

fn bRow(e: Extent, k: u32, n: u32) -> vec4f {
  var v = vec4f();
  if (k < e.end) {
    v = vec4f(b1(e, k, n), b1(e, k, n + 1u), b1(e, k, n + 2u), b1(e, k, n + 3u));
    v = select(vec4f(), v, vec4u(n, n + 1u, n + 2u, n + 3u) < vec4u(e.n));
  }
  return v;
}

// Column j of the result is B[k + j, n .. n + 3], 0 outside.
fn loadB(e: Extent, k: u32, n: u32) -> mat4x4f {
  if (VB) {
    if (k >= e.end) { return mat4x4f(); }
    let tap = tapOf(e, k);
    let at = e.w + (tap.w * e.n + n) * p.oc + tap.o;
    return transpose(mat4x4f(
      w4(n < e.n, at),
      w4(n + 1u < e.n, at + p.oc),
      w4(n + 2u < e.n, at + 2u * p.oc),
      w4(n + 3u < e.n, at + 3u * p.oc),
    ));
  }
  return mat4x4f(bRow(e, k, n), bRow(e, k + 1u, n), bRow(e, k + 2u, n), bRow(e, k + 3u, n));
}

fn put(e: Extent, m: u32, n: u32, v: f32) {
  if ((m < e.m) & (n < e.n)) {
    let x = m % e.pixels.y * p.sw + e.phase.y;
    let y = m / e.pixels.y % e.pixels.x * p.sh + e.phase.x;
    let image = m / e.pixels.y / e.pixels.x;
    out[e.out + ((image * p.h + y) * p.w + x) * p.c + n] = v;
  }
}
