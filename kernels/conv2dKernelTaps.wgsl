// conv2dKernelTaps: conv2dKernel on adapters that compute on the CPU, where finding a pixel's place
// at each step of k costs more than its products: rows of pixels are the outer loop, their pixels
// the inner.
// Outputs of a group come in fours. The reader conv2dKernel.wgsl is prepended.
// One invocation computes 8 weights x 8 outputs, a workgroup of X x Y computes 8 Y x 8 X.
// Grid: ceil(n / 8X) * ceil(m / 8Y) * z workgroups, folded into y above 65,535.
override X: u32 = 4; // X * Y = 16
override Y: u32 = 4;

// Where a weight meets x at the first pixel of a row of g, and the column there; `row`: whether the
// row is inside x. What is outside counts as zero.
struct Place { at: u32, x: u32, row: bool }

fn placeOf(row: Row, image: u32, y: u32, x: u32, sizes: vec3u) -> Place {
  let iy = u32(row.dy + i32(y)); // negative ones become large
  let ix = u32(row.dx + i32(x));
  return Place(image + (iy * sizes.y + ix) * sizes.z + row.c, ix, iy < sizes.x);
}

fn read4(place: Place, dx: u32, step: u32, width: u32) -> vec4f {
  return select(vec4f(), x[(place.at + step) >> 2u], place.row && place.x + dx < width);
}

fn read1(place: Place, dx: u32, step: u32, width: u32) -> f32 {
  let at = place.at + step;
  return select(0.0, x[at >> 2u][at & 3u], place.row && place.x + dx < width);
}

fn write(e: Extent, m: u32, n: u32, oc: u32, v: vec4f) {
  if (m >= e.m || n >= e.n) { return; }
  let at = e.out + m * oc + n;
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
  let across = (size.y + 8u * X - 1u) / (8u * X);
  let down = (size.x + 8u * Y - 1u) / (8u * Y);
  let e = extent(id / (across * down));
  let m = (id / across) % down * (8u * Y) + 8u * lane.y;
  let n = id % across * (8u * X) + 8u * lane.x;
  if (m >= e.m || n >= e.n) { return; } // no barrier below
  let r0 = rowOf(e, m + 0u);
  let r1 = rowOf(e, m + 1u);
  let r2 = rowOf(e, m + 2u);
  let r3 = rowOf(e, m + 3u);
  let r4 = rowOf(e, m + 4u);
  let r5 = rowOf(e, m + 5u);
  let r6 = rowOf(e, m + 6u);
  let r7 = rowOf(e, m + 7u);
  var s0 = vec4f();
  var t0 = vec4f();
  var s1 = vec4f();
  var t1 = vec4f();
  var s2 = vec4f();
  var t2 = vec4f();
  var s3 = vec4f();
  var t3 = vec4f();
  var s4 = vec4f();
  var t4 = vec4f();
  var s5 = vec4f();
  var t5 = vec4f();
  var s6 = vec4f();
  var t6 = vec4f();
  var s7 = vec4f();
  var t7 = vec4f();
  let sizes = vec3u(p.h, p.w, p.c);
  let ow = p.ow;
  let oh = p.oh;
  let oc = p.oc;
  let stride = vec2u(p.sh, p.sw);
  let next = select(0u, 1u, n + 4u < e.n); // outputs behind the last are read twice, not written
  var k = e.start;
  while (k < e.end) {
    let line = k / ow;
    let ox = k - line * ow;
    let image = line / oh;
    let y = (line - image * oh) * stride.x;
    let x0 = ox * stride.y;
    let count = min(ow - ox, e.end - k);
    let start = e.x + image * (sizes.x * sizes.y * sizes.z);
    var at = (e.g + k * oc + n) >> 2u;
    var dx = 0u;
    var step = 0u;
    k += count;
    let p0 = placeOf(r0, start, y, x0, sizes);
    let p4 = placeOf(r4, start, y, x0, sizes);
    if (VA) {
      for (var i = 0u; i < count; i++) {
        let b = g[at];
        let c = g[at + next];
        let a = read4(p0, dx, step, sizes.y);
        let d = read4(p4, dx, step, sizes.y);
        s0 += a.x * b;
        t0 += a.x * c;
        s1 += a.y * b;
        t1 += a.y * c;
        s2 += a.z * b;
        t2 += a.z * c;
        s3 += a.w * b;
        t3 += a.w * c;
        s4 += d.x * b;
        t4 += d.x * c;
        s5 += d.y * b;
        t5 += d.y * c;
        s6 += d.z * b;
        t6 += d.z * c;
        s7 += d.w * b;
        t7 += d.w * c;
        at += oc >> 2u;
        dx += stride.y;
        step += stride.y * sizes.z;
      }
    } else {
      let p1 = placeOf(r1, start, y, x0, sizes);
      let p2 = placeOf(r2, start, y, x0, sizes);
      let p3 = placeOf(r3, start, y, x0, sizes);
      let p5 = placeOf(r5, start, y, x0, sizes);
      let p6 = placeOf(r6, start, y, x0, sizes);
      let p7 = placeOf(r7, start, y, x0, sizes);
      for (var i = 0u; i < count; i++) {
        let b = g[at];
        let c = g[at + next];
        let a0 = read1(p0, dx, step, sizes.y);
        s0 += a0 * b;
        t0 += a0 * c;
        let a1 = read1(p1, dx, step, sizes.y);
        s1 += a1 * b;
        t1 += a1 * c;
        let a2 = read1(p2, dx, step, sizes.y);
        s2 += a2 * b;
        t2 += a2 * c;
        let a3 = read1(p3, dx, step, sizes.y);
        s3 += a3 * b;
        t3 += a3 * c;
        let a4 = read1(p4, dx, step, sizes.y);
        s4 += a4 * b;
        t4 += a4 * c;
        let a5 = read1(p5, dx, step, sizes.y);
        s5 += a5 * b;
        t5 += a5 * c;
        let a6 = read1(p6, dx, step, sizes.y);
        s6 += a6 * b;
        t6 += a6 * c;
        let a7 = read1(p7, dx, step, sizes.y);
        s7 += a7 * b;
        t7 += a7 * c;
        at += oc >> 2u;
        dx += stride.y;
        step += stride.y * sizes.z;
      }
    }
  }
  write(e, m + 0u, n, oc, s0);
  write(e, m + 0u, n + 4u, oc, t0);
  write(e, m + 1u, n, oc, s1);
  write(e, m + 1u, n + 4u, oc, t1);
  write(e, m + 2u, n, oc, s2);
  write(e, m + 2u, n + 4u, oc, t2);
  write(e, m + 3u, n, oc, s3);
  write(e, m + 3u, n + 4u, oc, t3);
  write(e, m + 4u, n, oc, s4);
  write(e, m + 4u, n + 4u, oc, t4);
  write(e, m + 5u, n, oc, s5);
  write(e, m + 5u, n + 4u, oc, t5);
  write(e, m + 6u, n, oc, s6);
  write(e, m + 6u, n + 4u, oc, t6);
  write(e, m + 7u, n, oc, s7);
  write(e, m + 7u, n + 4u, oc, t7);
}
