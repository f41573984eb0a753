// conv2dTaps: conv2d on adapters that compute on the CPU, where a gemm kernel's divisions at each
// step of k cost more than its products: the window's taps are the outer loops, channels the inner.
// Channels and outputs of a group come in fours. The reader conv2d.wgsl is prepended; k is not
// split.
// One invocation computes 8 pixels x 4 outputs, a workgroup of X x Y computes 8 Y x 4 X.
// Grid: ceil(n / 4X) * ceil(m / 8Y) * z workgroups, folded into y above 65,535.
override X: u32 = 4; // X * Y = 16
override Y: u32 = 4;

// Where a pixel's window is at one tap; what is outside x counts as zero.
struct Place { at: u32, inside: bool }

fn placeOf(row: Row, dy: i32, dx: i32, sizes: vec3u) -> Place {
  let y = u32(row.y + dy); // negative ones become large
  let x = u32(row.x + dx);
  return Place(row.image + (y * sizes.y + x) * sizes.z, y < sizes.x && x < sizes.y);
}

// The pixel after another (its image, row and column), without a division.
fn after(pixel: vec3u, sizes: vec2u) -> vec3u {
  let wraps = pixel.z + 1u == sizes.y;
  let ends = wraps && pixel.y + 1u == sizes.x;
  let y = select(pixel.y + u32(wraps), 0u, ends);
  return vec3u(pixel.x + u32(ends), y, select(pixel.z + 1u, 0u, wraps));
}

fn windowOf(e: Extent, pixel: vec3u, sizes: vec3u) -> Row {
  return Row(
    e.x + pixel.x * (sizes.x * sizes.y * sizes.z),
    i32(pixel.y * p.sh) - i32(p.ph),
    i32(pixel.z * p.sw) - i32(p.pw),
  );
}

fn read4(place: Place, c: u32) -> vec4f {
  return select(vec4f(), x[(place.at + c) >> 2u], place.inside);
}

fn times(a: vec4f, b: mat4x4f) -> vec4f {
  return a.x * b[0] + a.y * b[1] + a.z * b[2] + a.w * b[3];
}

fn write(inside: bool, at: u32, v: vec4f) {
  if (!inside) { return; }
  out[at] = v.x;
  out[at + 1u] = v.y;
  out[at + 2u] = v.z;
  out[at + 3u] = v.w;
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
  let sizes = vec3u(p.h, p.w, p.c);
  let places = vec2u(p.oh, p.ow);
  let line = m / places.y;
  let q0 = vec3u(line / places.x, line % places.x, m - line * places.y);
  let q1 = after(q0, places);
  let q2 = after(q1, places);
  let q3 = after(q2, places);
  let q4 = after(q3, places);
  let q5 = after(q4, places);
  let q6 = after(q5, places);
  let q7 = after(q6, places);
  let r0 = windowOf(e, q0, sizes);
  let r1 = windowOf(e, q1, sizes);
  let r2 = windowOf(e, q2, sizes);
  let r3 = windowOf(e, q3, sizes);
  let r4 = windowOf(e, q4, sizes);
  let r5 = windowOf(e, q5, sizes);
  let r6 = windowOf(e, q6, sizes);
  let r7 = windowOf(e, q7, sizes);
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var s4 = vec4f();
  var s5 = vec4f();
  var s6 = vec4f();
  var s7 = vec4f();
  let window = vec4u(p.kh, p.kw, p.dh, p.dw);
  let step = p.oc >> 2u;
  let cg = e.cg;
  var at = (e.w + n) >> 2u; // in fours
  for (var ky = 0u; ky < window.x; ky++) {
    let dy = i32(ky * window.z);
    for (var kx = 0u; kx < window.y; kx++) {
      let dx = i32(kx * window.w);
      let p0 = placeOf(r0, dy, dx, sizes);
      let p1 = placeOf(r1, dy, dx, sizes);
      let p2 = placeOf(r2, dy, dx, sizes);
      let p3 = placeOf(r3, dy, dx, sizes);
      let p4 = placeOf(r4, dy, dx, sizes);
      let p5 = placeOf(r5, dy, dx, sizes);
      let p6 = placeOf(r6, dy, dx, sizes);
      let p7 = placeOf(r7, dy, dx, sizes);
      for (var c = 0u; c < cg; c += 4u) {
        let b = mat4x4f(w[at], w[at + step], w[at + 2u * step], w[at + 3u * step]);
        at += 4u * step;
        s0 += times(read4(p0, c), b);
        s1 += times(read4(p1, c), b);
        s2 += times(read4(p2, c), b);
        s3 += times(read4(p3, c), b);
        s4 += times(read4(p4, c), b);
        s5 += times(read4(p5, c), b);
        s6 += times(read4(p6, c), b);
        s7 += times(read4(p7, c), b);
      }
    }
  }
  let oc = p.oc;
  let first = e.out + m * oc + n;
  write(m + 0u < e.m, first + 0u * oc, s0);
  write(m + 1u < e.m, first + 1u * oc, s1);
  write(m + 2u < e.m, first + 2u * oc, s2);
  write(m + 3u < e.m, first + 3u * oc, s3);
  write(m + 4u < e.m, first + 4u * oc, s4);
  write(m + 5u < e.m, first + 5u * oc, s5);
  write(m + 6u < e.m, first + 6u * oc, s6);
  write(m + 7u < e.m, first + 7u * oc, s7);
}
