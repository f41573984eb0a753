// conv2dTaps: conv2d on adapters that compute on the CPU, where reads and divisions cost more than
// products: the window's taps are the loops. Outputs of a group come in fours. The reader
// conv2d.wgsl is prepended (VA: channels come in fours too); k is not split.
// One invocation computes 2 x 4 pixels x 8 outputs, a workgroup 16 such blocks, which follow each
// other along outputs, columns, rows, images, z.
// Grid: ceil(blocks / 16) workgroups, folded into y above 65,535.
override SLIDES = false; // stride = dilation: at the next tap a pixel meets what its neighbour met

// Sizes of x in a loop: uniforms are dear there.
struct Sizes { h: u32, w: u32, c: u32, step: u32 }
// A row of x at one channel: where it begins, whether it is inside. Outside counts as zero.
struct Line { at: u32, inside: bool }

// The row `y` (negative ones are large) of an image that begins at `image`.
fn lineOf(sizes: Sizes, image: u32, y: u32, c: u32) -> Line {
  return Line(image + y * sizes.w * sizes.c + c, y < sizes.h);
}

fn read1(sizes: Sizes, line: Line, column: u32) -> f32 {
  let at = line.at + column * sizes.c;
  return select(0.0, x[at >> 2u][at & 3u], line.inside & (column < sizes.w));
}

fn read4(sizes: Sizes, line: Line, column: u32) -> vec4f {
  let at = line.at + column * sizes.c;
  return select(vec4f(), x[at >> 2u], line.inside & (column < sizes.w));
}

// What four pixels meet, the first one in `column`; `before`: what they met at the tap before.
fn meet1(sizes: Sizes, line: Line, column: u32, before: vec4f) -> vec4f {
  let last = read1(sizes, line, column + 3u * sizes.step);
  if (SLIDES) { return vec4f(before.yzw, last); }
  return vec4f(
    read1(sizes, line, column),
    read1(sizes, line, column + sizes.step),
    read1(sizes, line, column + 2u * sizes.step),
    last,
  );
}

fn meet4(sizes: Sizes, line: Line, column: u32, before: mat4x4f) -> mat4x4f {
  let last = read4(sizes, line, column + 3u * sizes.step);
  if (SLIDES) { return mat4x4f(before[1], before[2], before[3], last); }
  return mat4x4f(
    read4(sizes, line, column),
    read4(sizes, line, column + sizes.step),
    read4(sizes, line, column + 2u * sizes.step),
    last,
  );
}

// What they met before the first tap.
fn first1(sizes: Sizes, line: Line, column: u32) -> vec4f {
  if (!SLIDES) { return vec4f(); }
  return vec4f(
    0.0,
    read1(sizes, line, column),
    read1(sizes, line, column + sizes.step),
    read1(sizes, line, column + 2u * sizes.step),
  );
}

fn first4(sizes: Sizes, line: Line, column: u32) -> mat4x4f {
  if (!SLIDES) { return mat4x4f(); }
  return mat4x4f(
    vec4f(),
    read4(sizes, line, column),
    read4(sizes, line, column + sizes.step),
    read4(sizes, line, column + 2u * sizes.step),
  );
}

// Column i: b times a[i].
fn outer(b: vec4f, a: vec4f) -> mat4x4f { return mat4x4f(a.x * b, a.y * b, a.z * b, a.w * b); }

fn writePixel(inside: bool, more: bool, at: u32, s: vec4f, t: vec4f) {
  if (!inside) { return; }
  out[at] = s.x;
  out[at + 1u] = s.y;
  out[at + 2u] = s.z;
  out[at + 3u] = s.w;
  if (!more) { return; }
  out[at + 4u] = t.x;
  out[at + 5u] = t.y;
  out[at + 6u] = t.z;
  out[at + 7u] = t.w;
}

// Writes four pixels from column x on.
fn writeRow(inside: bool, more: bool, x: u32, at: u32, s: mat4x4f, t: mat4x4f) {
  writePixel(inside, more, at, s[0], t[0]);
  writePixel(inside & (x + 1u < p.ow), more, at + p.oc, s[1], t[1]);
  writePixel(inside & (x + 2u < p.ow), more, at + 2u * p.oc, s[2], t[2]);
  writePixel(inside & (x + 3u < p.ow), more, at + 3u * p.oc, s[3], t[3]);
}

@compute @workgroup_size(16)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let blocks = vec3u((p.oc / p.groups + 7u) / 8u, (p.ow + 3u) / 4u, (p.oh + 1u) / 2u);
  let id = (group.y * groups.x + group.x) * 16u + lane;
  let across = id / blocks.x;
  let down = across / blocks.y;
  let image = down / blocks.z;
  let e = extent(image / p.n);
  let n = (id - across * blocks.x) * 8u;
  let ox = (across - down * blocks.y) * 4u;
  let oy = (down - image * blocks.z) * 2u;
  if (n >= e.n) { return; } // no barrier below
  let sizes = Sizes(p.h, p.w, p.c, p.sw);
  let window = vec4u(p.kh, p.kw, p.dh, p.dw);
  let start = e.x + image % p.n * (sizes.h * sizes.w * sizes.c);
  let y = oy * p.sh - p.ph; // negative ones are large
  let left = ox * p.sw - p.pw;
  let below = p.sh;
  let cg = e.cg;
  let step = p.oc >> 2u;
  let next = select(0u, 1u, n + 4u < e.n); // outputs behind the last are read twice, not written
  var s00 = mat4x4f(); // column i: pixel i of the first row, outputs from n on
  var s01 = mat4x4f(); // outputs from n + 4 on
  var s10 = mat4x4f(); // the second row
  var s11 = mat4x4f();
  for (var ky = 0u; ky < window.x; ky++) {
    let y0 = y + ky * window.z;
    for (var c = 0u; c < cg; c += select(1u, 4u, VA)) {
      let line0 = lineOf(sizes, start, y0, c);
      let line1 = lineOf(sizes, start, y0 + below, c);
      var at = ((e.w + n) >> 2u) + (ky * window.y * cg + c) * step;
      var column = left;
      if (VA) {
        var a0 = first4(sizes, line0, column);
        var a1 = first4(sizes, line1, column);
        for (var kx = 0u; kx < window.y; kx++) {
          let b0 = mat4x4f(w[at], w[at + step], w[at + 2u * step], w[at + 3u * step]);
          let more = at + next;
          let b1 = mat4x4f(w[more], w[more + step], w[more + 2u * step], w[more + 3u * step]);
          a0 = meet4(sizes, line0, column, a0);
          a1 = meet4(sizes, line1, column, a1);
          s00 += b0 * a0;
          s01 += b1 * a0;
          s10 += b0 * a1;
          s11 += b1 * a1;
          at += cg * step;
          column += window.w;
        }
      } else {
        var a0 = first1(sizes, line0, column);
        var a1 = first1(sizes, line1, column);
        for (var kx = 0u; kx < window.y; kx++) {
          let b0 = w[at];
          let b1 = w[at + next];
          a0 = meet1(sizes, line0, column, a0);
          a1 = meet1(sizes, line1, column, a1);
          s00 += outer(b0, a0);
          s01 += outer(b1, a0);
          s10 += outer(b0, a1);
          s11 += outer(b1, a1);
          at += cg * step;
          column += window.w;
        }
      }
    }
  }
  let more = n + 4u < e.n;
  let at = e.out + ((image % p.n * p.oh + oy) * p.ow + ox) * p.oc + n;
  writeRow(true, more, ox, at, s00, s01);
  writeRow(oy + 1u < p.oh, more, ox, at + p.ow * p.oc, s10, s11);
}
