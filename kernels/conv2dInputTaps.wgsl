// conv2dInputTaps: conv2dInput on adapters that compute on the CPU, where a gemm kernel's divisions
// at each step of k cost more than its products: taps are the outer loops, outputs the inner.
// Outputs of a group come in fours. The reader conv2dInput.wgsl is prepended; k is not split.
// One invocation computes 8 pixels x 4 channels (ONE: a group has one channel), a workgroup of
// X x Y computes 8 Y x 4 X.
// Grid: ceil(n / 4X) * ceil(m / 8Y) * z workgroups, folded into y above 65,535.
override X: u32 = 4; // X * Y = 16
override Y: u32 = 4;
override ONE = false;

// Where g meets a pixel at one tap; what is outside g counts as zero.
struct Place { at: u32, inside: bool }

fn placeOf(row: Row, dy: i32, dx: i32, sizes: vec3u) -> Place {
  let y = u32(row.y - dy); // negative ones become large
  let x = u32(row.x - dx);
  return Place((row.image + (y * sizes.y + x) * sizes.z) >> 2u, y < sizes.x && x < sizes.y);
}

fn times(place: Place, o: u32, b: mat4x4f) -> vec4f {
  let a = select(vec4f(), g[place.at + o], place.inside);
  if (ONE) { return vec4f(dot(a, b[0]), 0.0, 0.0, 0.0); }
  return vec4f(dot(a, b[0]), dot(a, b[1]), dot(a, b[2]), dot(a, b[3]));
}

// The pixel of a phase after another (its image, row and column), without a division.
fn after(pixel: vec3u, sizes: vec2u) -> vec3u {
  let wraps = pixel.z + 1u == sizes.y;
  let ends = wraps && pixel.y + 1u == sizes.x;
  let y = select(pixel.y + u32(wraps), 0u, ends);
  return vec3u(pixel.x + u32(ends), y, select(pixel.z + 1u, 0u, wraps));
}

// A pixel's row, from that of the phase's first pixel.
fn rowFrom(first: Row, pixel: vec3u, image: u32) -> Row {
  return Row(first.image + pixel.x * image, first.y + i32(pixel.y), first.x + i32(pixel.z));
}

fn write(e: Extent, m: u32, n: u32, pixel: vec3u, v: vec4f) {
  if (m >= e.m) { return; }
  let y = pixel.y * p.sh + e.phase.x;
  let x = pixel.z * p.sw + e.phase.y;
  let at = e.out + ((pixel.x * p.h + y) * p.w + x) * p.c + n;
  out[at] = v.x;
  if (ONE) { return; }
  if (n + 1u < e.n) { out[at + 1u] = v.y; }
  if (n + 2u < e.n) { out[at + 2u] = v.z; }
  if (n + 3u < e.n) { out[at + 3u] = v.w; }
}

@compute @workgroup_size(X, Y)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let id = group.y * groups.x + group.x;
  let size = most();
  let across = (size.y + 4u * X - 1u) / (4u * X);
  let down = (size.x + 8u * Y - 1u) / (8u * Y);
  let e = extent(id / (across * down));
  let m = (id / across) % down * (8u * Y) + 8u * lane.y;
  let n = id % across * (4u * X) + 4u * lane.x;
  if (m >= e.m || n >= e.n) { return; } // no barrier below
  let line = m / e.pixels.y;
  let q0 = vec3u(line / e.pixels.x, line % e.pixels.x, m - line * e.pixels.y);
  let q1 = after(q0, e.pixels);
  let q2 = after(q1, e.pixels);
  let q3 = after(q2, e.pixels);
  let q4 = after(q3, e.pixels);
  let q5 = after(q4, e.pixels);
  let q6 = after(q5, e.pixels);
  let q7 = after(q6, e.pixels);
  let sizes = vec3u(p.oh, p.ow, p.oc);
  let origin = rowOf(e, 0u);
  let image = sizes.x * sizes.y * sizes.z;
  let r0 = rowFrom(origin, q0, image);
  let r1 = rowFrom(origin, q1, image);
  let r2 = rowFrom(origin, q2, image);
  let r3 = rowFrom(origin, q3, image);
  let r4 = rowFrom(origin, q4, image);
  let r5 = rowFrom(origin, q5, image);
  let r6 = rowFrom(origin, q6, image);
  let r7 = rowFrom(origin, q7, image);
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var s4 = vec4f();
  var s5 = vec4f();
  var s6 = vec4f();
  var s7 = vec4f();
  let kernel = vec4u(p.kh, p.kw, p.ty, p.tx);
  let last = e.n - 1u; // columns behind the last are read as the last, and not written
  let columns = min(vec4u(n, n + 1u, n + 2u, n + 3u), vec4u(last)) * (sizes.z >> 2u);
  let steps = e.og >> 2u;
  var dy = 0;
  for (var ky = e.first.x; ky < kernel.x; ky += kernel.z) {
    var dx = 0;
    for (var kx = e.first.y; kx < kernel.y; kx += kernel.w) {
      let w0 = (e.w + (ky * kernel.y + kx) * e.n * sizes.z) >> 2u;
      let p0 = placeOf(r0, dy, dx, sizes);
      let p1 = placeOf(r1, dy, dx, sizes);
      let p2 = placeOf(r2, dy, dx, sizes);
      let p3 = placeOf(r3, dy, dx, sizes);
      let p4 = placeOf(r4, dy, dx, sizes);
      let p5 = placeOf(r5, dy, dx, sizes);
      let p6 = placeOf(r6, dy, dx, sizes);
      let p7 = placeOf(r7, dy, dx, sizes);
      for (var o = 0u; o < steps; o++) {
        var b = mat4x4f();
        b[0] = w[w0 + columns.x + o];
        if (!ONE) {
          b[1] = w[w0 + columns.y + o];
          b[2] = w[w0 + columns.z + o];
          b[3] = w[w0 + columns.w + o];
        }
        s0 += times(p0, o, b);
        s1 += times(p1, o, b);
        s2 += times(p2, o, b);
        s3 += times(p3, o, b);
        s4 += times(p4, o, b);
        s5 += times(p5, o, b);
        s6 += times(p6, o, b);
        s7 += times(p7, o, b);
      }
      dx += i32(e.step.y);
    }
    dy += i32(e.step.x);
  }
  write(e, m + 0u, n, q0, s0);
  write(e, m + 1u, n, q1, s1);
  write(e, m + 2u, n, q2, s2);
  write(e, m + 3u, n, q3, s3);
  write(e, m + 4u, n, q4, s4);
  write(e, m + 5u, n, q5, s5);
  write(e, m + 6u, n, q6, s6);
  write(e, m + 7u, n, q7, s7);
}
