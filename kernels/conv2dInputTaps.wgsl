// conv2dInputTaps: conv2dInput on adapters that compute on the CPU, where reads and divisions cost
// more than products: taps are the loops. Outputs of a group come in fours. The reader
// conv2dInput.wgsl is prepended; k is not split.
// One invocation computes 2 x 4 pixels of a phase x 8 channels (FEW: a group has no more than four;
// ONE: it has one), a workgroup 16 such blocks, which follow each other along channels, columns,
// rows, images, z.
// Grid: ceil(blocks / 16) workgroups, folded into y above 65,535.
override SLIDES = false; // taps of a phase are neighbours: a pixel meets what the one before it met
override FEW = false;
override ONE = false;

// Sizes of g in a loop, where uniforms are dear; outputs count in fours.
struct Sizes { h: u32, w: u32, outputs: u32 }
// A row of g at four outputs: where it begins, whether it is inside. Outside counts as zero.
struct Line { at: u32, inside: bool }

// The row `y` (negative ones are large) of an image that begins at `image`.
fn lineOf(sizes: Sizes, image: u32, y: u32) -> Line {
  return Line(image + y * sizes.w * sizes.outputs, y < sizes.h);
}

fn read4(sizes: Sizes, line: Line, x: u32) -> vec4f {
  return select(vec4f(), g[line.at + x * sizes.outputs], line.inside & (x < sizes.w));
}

// What four pixels meet, the first one at x; `before`: what they met at the tap before.
fn meet4(sizes: Sizes, line: Line, x: u32, before: mat4x4f) -> mat4x4f {
  let first = read4(sizes, line, x);
  if (SLIDES) { return mat4x4f(first, before[0], before[1], before[2]); }
  return mat4x4f(
    first, read4(sizes, line, x + 1u), read4(sizes, line, x + 2u), read4(sizes, line, x + 3u),
  );
}

// What they met before the first tap.
fn first4(sizes: Sizes, line: Line, x: u32) -> mat4x4f {
  if (!SLIDES) { return mat4x4f(); }
  return mat4x4f(
    read4(sizes, line, x + 1u), read4(sizes, line, x + 2u), read4(sizes, line, x + 3u), vec4f(),
  );
}

// The weights of four channels: column i those at `at` + columns[i].
fn weights(at: u32, columns: vec4u) -> mat4x4f {
  return mat4x4f(w[at + columns.x], w[at + columns.y], w[at + columns.z], w[at + columns.w]);
}

// Column i of s: of pixel i, its products with each channel's weights added.
fn plus(s: mat4x4f, a: mat4x4f, b: mat4x4f) -> mat4x4f {
  return mat4x4f(s[0] + a[0] * b, s[1] + a[1] * b, s[2] + a[2] * b, s[3] + a[3] * b);
}

fn write4(count: u32, at: u32, v: vec4f) {
  if (count > 0u) { out[at] = v.x; }
  if (count > 1u) { out[at + 1u] = v.y; }
  if (count > 2u) { out[at + 2u] = v.z; }
  if (count > 3u) { out[at + 3u] = v.w; }
}

// Writes `count` channels of a pixel, if it is inside.
fn writePixel(inside: bool, count: u32, at: u32, s: vec4f, t: vec4f) {
  if (!inside) { return; }
  write4(count, at, s);
  write4(max(count, 4u) - 4u, at + 4u, t);
}

// Writes `width` of four pixels of a row, which lie `step` apart.
fn writeRow(width: u32, count: u32, at: u32, step: u32, s: mat4x4f, t: mat4x4f) {
  writePixel(width > 0u, count, at, s[0], t[0]);
  writePixel(width > 1u, count, at + step, s[1], t[1]);
  writePixel(width > 2u, count, at + 2u * step, s[2], t[2]);
  writePixel(width > 3u, count, at + 3u * step, s[3], t[3]);
}

@compute @workgroup_size(16)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let phaseSize = vec2u((p.h + p.sh - 1u) / p.sh, (p.w + p.sw - 1u) / p.sw);
  let blocks = vec3u(
    (p.c / p.groups + 7u) / 8u, (phaseSize.y + 3u) / 4u, (phaseSize.x + 1u) / 2u,
  );
  let id = (group.y * groups.x + group.x) * 16u + lane;
  let across = id / blocks.x;
  let down = across / blocks.y;
  let image = down / blocks.z;
  let e = extent(image / p.n);
  let n = (id - across * blocks.x) * 8u;
  let column = (across - down * blocks.y) * 4u; // among the pixels of the phase
  let row = (down - image * blocks.z) * 2u;
  if (n >= e.n || row >= e.pixels.x || column >= e.pixels.y) { return; } // no barrier below
  let origin = rowOf(e, 0u);
  let sizes = Sizes(p.oh, p.ow, p.oc >> 2u);
  let start = (e.g >> 2u) + image % p.n * (sizes.h * sizes.w * sizes.outputs);
  let kernel = vec4u(p.kh, p.kw, p.ty, p.tx);
  // Channels behind the last are read as the last, and not written.
  let first = min(vec4u(n, n + 1u, n + 2u, n + 3u), vec4u(e.n - 1u)) * sizes.outputs;
  let second = min(vec4u(n + 4u, n + 5u, n + 6u, n + 7u), vec4u(e.n - 1u)) * sizes.outputs;
  let tap = e.n * sizes.outputs;
  let steps = e.og >> 2u;
  var s00 = mat4x4f(); // column i: pixel i of the first row, channels from n on
  var s01 = mat4x4f(); // channels from n + 4 on
  var s10 = mat4x4f(); // the second row
  var s11 = mat4x4f();
  var one0 = vec4f(); // the pixels of the first row, where there is one channel
  var one1 = vec4f();
  var y = u32(origin.y) + row;
  for (var ky = e.first.x; ky < kernel.x; ky += kernel.z) {
    var line0 = lineOf(sizes, start, y);
    var line1 = lineOf(sizes, start, y + 1u);
    for (var o = 0u; o < steps; o++) {
      var x = u32(origin.x) + column;
      var at = (e.w >> 2u) + (ky * kernel.y + e.first.y) * tap + o;
      var a0 = first4(sizes, line0, x);
      var a1 = first4(sizes, line1, x);
      for (var kx = e.first.y; kx < kernel.y; kx += kernel.w) {
        a0 = meet4(sizes, line0, x, a0);
        a1 = meet4(sizes, line1, x, a1);
        if (ONE) {
          let b = w[at];
          one0 += b * a0;
          one1 += b * a1;
        } else {
          let b0 = weights(at, first);
          s00 = plus(s00, a0, b0);
          s10 = plus(s10, a1, b0);
          if (!FEW) {
            let b1 = weights(at, second);
            s01 = plus(s01, a0, b1);
            s11 = plus(s11, a1, b1);
          }
        }
        at += kernel.w * tap;
        x -= e.step.y;
      }
      line0.at += 1u;
      line1.at += 1u;
    }
    y -= e.step.x;
  }
  if (ONE) {
    s00 = transpose(mat4x4f(one0, vec4f(), vec4f(), vec4f()));
    s10 = transpose(mat4x4f(one1, vec4f(), vec4f(), vec4f()));
  }
  let pixel = vec2u(row, column) * vec2u(p.sh, p.sw) + e.phase;
  let at = e.out + ((image % p.n * p.h + pixel.x) * p.w + pixel.y) * p.c + n;
  let width = e.pixels.y - column;
  writeRow(width, e.n - n, at, p.sw * p.c, s00, s01);
  if (row + 1u < e.pixels.x) {
    writeRow(width, e.n - n, at + p.sh * p.w * p.c, p.sw * p.c, s10, s11);
  }
}
