// conv2d, as a reader of the gemm kernels: out[b, n, oh, ow, oc] = sum over kh, kw, c of
// x[b, n, oh sh + kh dh - ph, ow sw + kw dw - pw, c] w[b, kh, kw, c, oc], zero outside x; a group
// of oc uses its c / groups channels. As a product: m = n oh ow, k = kh kw c / groups,
// n = oc / groups.
// z = ((split * batch) + b) * groups + group; split s sums k from s * chunk on into out[s].
// VA: channels come in fours; VB: outputs come in fours.
override VA = false;
override VB = false;
struct Params {
  batch: u32, n: u32, h: u32, w: u32, c: u32, kh: u32, kw: u32, oc: u32, oh: u32, ow: u32,
  sh: u32, sw: u32, ph: u32, pw: u32, dh: u32, dw: u32, groups: u32, xs: u32, ws: u32,
  splits: u32, chunk: u32, rows: u32,
}
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

// One product: its sizes, its range of k, where its operands and result begin, channels a group.
struct Extent {
  m: u32, n: u32, start: u32, end: u32, x: u32, w: u32, out: u32, cg: u32,
}
// The place of an output pixel's window in x: where its image begins, and its first row, column.
struct Row { image: u32, y: i32, x: i32 }
struct Rows { a: Row, b: Row, c: Row, d: Row }

fn most() -> vec2u { return vec2u(p.n * p.oh * p.ow, p.oc / p.groups); }
fn groupCount() -> u32 { return p.groups; }
fn aAlongK() -> bool { return true; }
fn bAlongK() -> bool { return false; }

fn extent(z: u32) -> Extent {
  if (z >= p.batch * p.splits * p.groups) { return Extent(0u, 0u, 0u, 0u, 0u, 0u, 0u, 1u); }
  let group = z % p.groups;
  let batch = (z / p.groups) % p.batch;
  let start = z / p.groups / p.batch * p.chunk;
  let cg = p.c / p.groups;
  let og = p.oc / p.groups;
  let m = p.n * p.oh * p.ow;
  return Extent(
    m, og, start, min(p.kh * p.kw * cg, start + p.chunk),
    batch * p.xs + group * cg, batch * p.ws + group * og,
    (z / p.groups) * m * p.oc + group * og, cg,
  );
}

// Rows behind the last have no pixel inside x.
fn rowOf(e: Extent, m: u32) -> Row {
  if (m >= e.m) { return Row(0u, -0x40000000, 0); }
  let ox = m % p.ow;
  let oy = (m / p.ow) % p.oh;
  let image = m / p.ow / p.oh;
  return Row(
    e.x + image * p.h * p.w * p.c,
    i32(oy * p.sh) - i32(p.ph),
    i32(ox * p.sw) - i32(p.pw),
  );
}

fn rowsOf(e: Extent, m: u32) -> Rows {
  return Rows(rowOf(e, m), rowOf(e, m + 1u), rowOf(e, m + 2u), rowOf(e, m + 3u));
}

// A tap of the window (as a step in x) and a channel.
struct Tap { dy: i32, dx: i32, c: u32 }

fn tapOf(e: Extent, k: u32) -> Tap {
  let tap = k / e.cg;
  let row = tap / p.kw; // divisions are dear: what is left over is found by products
  return Tap(i32(row * p.dh), i32((tap - row * p.kw) * p.dw), k - tap * e.cg);
}

fn x1(row: Row, tap: Tap) -> f32 {
  let iy = row.y + tap.dy;
  let ix = row.x + tap.dx;
  let inside = (u32(iy) < p.h) & (u32(ix) < p.w); // negative ones become large
  let at = row.image + (u32(iy) * p.w + u32(ix)) * p.c + tap.c;
  return select(0.0, x[at >> 2u][at & 3u], inside);
}

fn x4(row: Row, tap: Tap) -> vec4f {
  let iy = row.y + tap.dy;
  let ix = row.x + tap.dx;
  let inside = (u32(iy) < p.h) & (u32(ix) < p.w);
  return select(vec4f(), x[(row.image + (u32(iy) * p.w + u32(ix)) * p.c + tap.c) >> 2u], inside);
}

fn a1(e: Extent, row: Row, k: u32) -> f32 { return x1(row, tapOf(e, k)); }

fn b1(e: Extent, k: u32, n: u32) -> f32 {
  let at = e.w + k * p.oc + n;
  return w[at >> 2u][at & 3u];
}

fn aColumn(e: Extent, r: Rows, k: u32) -> vec4f {
  if (k >= e.end) { return vec4f(); }
  let tap = tapOf(e, k);
  return vec4f(x1(r.a, tap), x1(r.b, tap), x1(r.c, tap), x1(r.d, tap));
}

// Column j of the result is A[m .. m + 3, k + j], 0 outside.
fn loadA(e: Extent, r: Rows, k: u32) -> mat4x4f {
  if (VA) {
    if (k >= e.end) { return mat4x4f(); }
    let tap = tapOf(e, k);
    return transpose(mat4x4f(x4(r.a, tap), x4(r.b, tap), x4(r.c, tap), x4(r.d, tap)));
  }
  return mat4x4f(
    aColumn(e, r, k), aColumn(e, r, k + 1u), aColumn(e, r, k + 2u), aColumn(e, r, k + 3u),
  );
}

fn bRow(e: Extent, k: u32, n: u32) -> vec4f {
  var v = vec4f();
  if (k < e.end) {
    if (VB) {
      if (n < e.n) { v = w[(e.w + k * p.oc + n) >> 2u]; }
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
