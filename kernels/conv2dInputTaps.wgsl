// conv2dInputTaps: conv2dInput on adapters that compute on the CPU, as conv2dTaps does: an
// invocation keeps the weights of three rows of three taps and goes with them along the pixels in a
// short loop; what more taps and outputs add is summed up in `out`.
// Outputs of a group come in fours. The readers conv2dInput.wgsl and conv2dInputLines.wgsl are
// prepended; k is not split.
// One invocation computes `rows` rows of a phase x 4 channels, a workgroup 8 such blocks, which
// follow each other along channels, rows, images, z.
// Grid: ceil(blocks / 8) workgroups, folded into y above 65,535.

// The weights of three taps of a row at four outputs: a column a channel.
struct Taps { a: mat4x4f, b: mat4x4f, c: mat4x4f }

// The weights of a tap at four outputs; `to`: how far on those of four channels are.
fn channels(at: u32, to: vec4u, inside: bool) -> mat4x4f {
  if (!inside) { return mat4x4f(); }
  return mat4x4f(w[at + to.x], w[at + to.y], w[at + to.z], w[at + to.w]);
}

// Three taps, `tap` apart; those that are not inside are zero.
fn taps4(at: u32, tap: u32, to: vec4u, inside: vec3<bool>) -> Taps {
  return Taps(
    channels(at, to, inside.x),
    channels(at + tap, to, inside.y),
    channels(at + 2u * tap, to, inside.z),
  );
}

// A sum a channel.
fn product4(a: Met, b: Taps) -> vec4f {
  let sum = a.a * b.a + a.b * b.b;
  if (PAIRS) { return sum; }
  return sum + a.c * b.c;
}

// Adds to what taps and outputs before have summed up, if there were any, in `count` channels.
fn add(at: u32, count: u32, first: bool, v: vec4f) {
  let to = at + min(vec4u(0u, 1u, 2u, 3u), vec4u(count - 1u));
  let before = vec4f(out[to.x], out[to.y], out[to.z], out[to.w]);
  let sum = v + select(before, vec4f(), first);
  out[at] = sum.x;
  if (count > 1u) { out[at + 1u] = sum.y; }
  if (count > 2u) { out[at + 2u] = sum.z; }
  if (count > 3u) { out[at + 3u] = sum.w; }
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let height = (p.h + p.sh - 1u) / p.sh; // of the highest phase
  let blocks = vec2u((p.c / p.groups + 3u) / 4u, (height + p.rows - 1u) / p.rows);
  let id = (group.y * groups.x + group.x) * 8u + lane;
  let down = id / blocks.x;
  let image = down / blocks.y;
  let e = extent(image / p.n);
  let n = (id - down * blocks.x) * 4u;
  let top = (down - image * blocks.y) * p.rows; // among the rows of the phase
  if (n >= e.n || top >= e.pixels.x) { return; } // no barrier below
  let rows = min(p.rows, e.pixels.x - top);
  let row = image % p.n * p.h + top * p.sh + e.phase.x;
  let origin = e.out + (row * p.w + e.phase.y) * p.c + n;
  let outputs = p.oc >> 2u;
  let size = p.ow * outputs;
  let start = (e.g >> 2u) + image % p.n * p.oh * size;
  let place = rowOf(e, 0u);
  let y = u32(place.y) + top; // of g at the first tap; negative ones are large
  let left = u32(place.x) * outputs;
  // Channels behind the last are read as the last, and not written.
  let to = min(vec4u(n, n + 1u, n + 2u, n + 3u), vec4u(e.n - 1u)) * outputs;
  let channelsLeft = e.n - n;
  let width = e.pixels.y;
  let step = vec2u(p.sh * p.w, p.sw) * p.c;
  let tap = vec2u(p.ty * p.kw, p.tx) * e.n * outputs;
  let kernel = (e.w >> 2u) + (e.first.x * p.kw + e.first.y) * e.n * outputs;
  let window = vec2u(p.kh, p.kw);
  let period = vec2u(p.ty, p.tx);
  let count = (max(window, e.first) - e.first + period - 1u) / period; // of the phase's taps
  let span = select(3u, 2u, PAIRS);
  let each = vec3u(0u, 1u, 2u);
  // The last block of taps ends with the window: weights that the one before had are zero, and so
  // is g at taps behind the window's last. A phase without taps is written as zeros.
  for (var ky = 0u; ky < max(count.x, 1u); ky += span) {
    let down3 = min(ky, max(count.x, span) - span) + each;
    let row3 = (down3 >= vec3u(ky)) & (down3 < vec3u(count.x));
    let sizes = select(vec3u(), vec3u(size), down3 < vec3u(count.x));
    for (var kx = 0u; kx < max(count.y, 1u); kx += span) {
      let across3 = min(kx, max(count.y, span) - span) + each;
      let column3 = (across3 >= vec3u(kx)) & (across3 < vec3u(count.y));
      let back = select(
        vec3u(NONE), across3 * e.step.y * outputs, across3 < vec3u(count.y),
      );
      for (var o = 0u; o < (e.og >> 2u); o++) {
        let first = ky + kx + o == 0u;
        let b = kernel + down3.x * tap.x + across3.x * tap.y + o;
        let b0 = taps4(b, tap.y, to, column3 & vec3<bool>(row3.x));
        let b1 = taps4(b + tap.x, tap.y, to, column3 & vec3<bool>(row3.y));
        let b2 = taps4(b + 2u * tap.x, tap.y, to, column3 & vec3<bool>(row3.z));
        for (var i = 0u; i < rows; i++) {
          let lines = vec3u(y + i) - down3 * e.step.x;
          let line0 = lineOf(start + o, sizes.x, lines.x);
          let line1 = lineOf(start + o, sizes.y, lines.y);
          let line2 = lineOf(start + o, sizes.z, lines.z);
          var a0 = meetFirst(line0, left, back);
          var a1 = meetFirst(line1, left, back);
          var a2 = meetFirst(line2, left, back);
          var x = left;
          var at = origin + i * step.x;
          for (var column = 0u; column < width; column++) {
            a0 = meet(line0, x, back, a0);
            a1 = meet(line1, x, back, a1);
            var sum = product4(a0, b0) + product4(a1, b1);
            if (!PAIRS) {
              a2 = meet(line2, x, back, a2);
              sum += product4(a2, b2);
            }
            add(at, channelsLeft, first, sum);
            at += step.y;
            x += outputs;
          }
        }
      }
    }
  }
}
