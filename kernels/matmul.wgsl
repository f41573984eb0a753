// matmul, as a reader of the gemm kernels: out[b, m, n] = sum over k of A[m, k] B[k, n], A = a[b]
// [m, k] or with TA its transpose (a is [k, m]), B = b[b] [k, n] or with TB its transpose (b is
// [n, k]). Matrices lie aStep and bStep elements apart, 0 when one serves all; a's begin at aStart.
// z = split * batch + b; split s sums k from s * chunk on into out[s], to be added up later.
// VA, VB: rows of a, b are multiples of four, so that four neighbours are one load. One number at a
// time is read am, ak, bk and bn elements apart along m, k, k and n: there TA and TB only tell
// how threads go along memory.
override TA = false;
override TB = false;
override VA = false;
override VB = false;
struct Params {
  batch: u32, m: u32, k: u32, n: u32, aStep: u32, bStep: u32, splits: u32, chunk: u32,
  aStart: u32, am: u32, ak: u32, bk: u32, bn: u32,
}
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

// One product: its sizes, its range of k, and where its operands and result begin.
struct Extent { m: u32, n: u32, start: u32, end: u32, a: u32, b: u32, out: u32 }
alias Row = u32;
alias Rows = u32;

fn most() -> vec2u { return vec2u(p.m, p.n); }
fn groupCount() -> u32 { return 1u; }
fn aAlongK() -> bool { return !TA; }
fn bAlongK() -> bool { return TB; }

fn extent(z: u32) -> Extent {
  if (z >= p.batch * p.splits) { return Extent(0u, 0u, 0u, 0u, 0u, 0u, 0u); }
  let batch = z % p.batch;
  let start = (z / p.batch) * p.chunk;
  let end = min(p.k, start + p.chunk);
  let a = p.aStart + batch * p.aStep;
  return Extent(p.m, p.n, start, end, a, batch * p.bStep, z * p.m * p.n);
}

fn rowOf(e: Extent, m: u32) -> Row { return m; }
fn rowsOf(e: Extent, m: u32) -> Rows { return m; }

fn a1(e: Extent, m: Row, k: u32) -> f32 {
  let at = e.a + m * p.am + k * p.ak;
  return a[at >> 2u][at & 3u];
}

fn b1(e: Extent, k: u32, n: u32) -> f32 {
  let at = e.b + k * p.bk + n * p.bn;
  return b[at >> 2u][at & 3u];
}

// Selected, not branched around, and no &&: WebGPU keeps reads outside an array harmless, and each
// branch takes a compiler for CPUs long.
fn a1Inside(e: Extent, m: u32, k: u32) -> f32 {
  return select(0.0, a1(e, m, k), (m < e.m) & (k < e.end));
}

fn b1Inside(e: Extent, k: u32, n: u32) -> f32 {
  return select(0.0, b1(e, k, n), (n < e.n) & (k < e.end));
}

fn a4(inside: bool, at: u32) -> vec4f {
  return select(vec4f(), a[at >> 2u], inside);
}

fn b4(inside: bool, at: u32) -> vec4f {
  return select(vec4f(), b[at >> 2u], inside);
}

fn aColumn(e: Extent, m: u32, k: u32) -> vec4f {
  return vec4f(
    a1Inside(e, m, k), a1Inside(e, m + 1u, k), a1Inside(e, m + 2u, k), a1Inside(e, m + 3u, k),
  );
}

fn bRow(e: Extent, k: u32, n: u32) -> vec4f {
  return vec4f(
    b1Inside(e, k, n), b1Inside(e, k, n + 1u), b1Inside(e, k, n + 2u), b1Inside(e, k, n + 3u),
  );
}

// Column j of the result is A[m .. m + 3, k + j], 0 outside.
fn loadA(e: Extent, m: Rows, k: u32) -> mat4x4f {
  if (VA && TA) {
    let at = e.a + k * p.m + m;
    let inside = m < e.m;
    return mat4x4f(
      a4(inside & (k < e.end), at),
      a4(inside & (k + 1u < e.end), at + p.m),
      a4(inside & (k + 2u < e.end), at + 2u * p.m),
      a4(inside & (k + 3u < e.end), at + 3u * p.m),
    );
  }
  if (VA) {
    let at = e.a + m * p.k + k;
    let inside = k < e.end;
    return transpose(mat4x4f(
      a4(inside & (m < e.m), at),
      a4(inside & (m + 1u < e.m), at + p.k),
      a4(inside & (m + 2u < e.m), at + 2u * p.k),
      a4(inside & (m + 3u < e.m), at + 3u * p.k),
    ));
  }
  return mat4x4f(
    aColumn(e, m, k), aColumn(e, m, k + 1u), aColumn(e, m, k + 2u), aColumn(e, m, k + 3u),
  );
}

// Column j of the result is B[k + j, n .. n + 3], 0 outside.
fn loadB(e: Extent, k: u32, n: u32) -> mat4x4f {
  if (VB && TB) {
    let at = e.b + n * p.k + k;
    let inside = k < e.end;
    return transpose(mat4x4f(
      b4(inside & (n < e.n), at),
      b4(inside & (n + 1u < e.n), at + p.k),
      b4(inside & (n + 2u < e.n), at + 2u * p.k),
      b4(inside & (n + 3u < e.n), at + 3u * p.k),
    ));
  }
  if (VB) {
    let at = e.b + k * p.n + n;
    let inside = n < e.n;
    return mat4x4f(
      b4(inside & (k < e.end), at),
      b4(inside & (k + 1u < e.end), at + p.n),
      b4(inside & (k + 2u < e.end), at + 2u * p.n),
      b4(inside & (k + 3u < e.end), at + 3u * p.n),
    );
  }
  return mat4x4f(bRow(e, k, n), bRow(e, k + 1u, n), bRow(e, k + 2u, n), bRow(e, k + 3u, n));
}

fn put(e: Extent, m: u32, n: u32, v: f32) {
  if ((m < e.m) & (n < e.n)) { out[e.out + m * p.n + n] = v; }
}
