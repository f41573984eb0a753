// conv2dInputRows: conv2dInput where a group has one channel, on adapters that compute on the CPU.
// As in conv2dInputTaps, an invocation keeps the weights of three rows of three taps; but what it
// reads there serves one channel alone, so it goes along four rows at once, which meet six rows of
// g together, not twelve.
// Outputs of a group come in fours. The readers conv2dInput.wgsl and conv2dInputLines.wgsl are
// prepended; k is not split.
// One invocation computes four rows of a phase, as far apart as the rows of g that neighbouring
// taps meet; a workgroup 4 such blocks, which follow each other along rows, images, z.
// Grid: ceil(blocks / 4) workgroups, folded into y above 65,535.

// The weights of three taps of a row at four outputs, `tap` apart; zero where not inside.
fn tapsOf(at: u32, tap: u32, inside: vec3<bool>) -> mat3x4f {
  return mat3x4f(
    select(vec4f(), w[at], inside.x),
    select(vec4f(), w[at + tap], inside.y),
    select(vec4f(), w[at + 2u * tap], inside.z),
  );
}

fn product(a: Met, b: mat3x4f) -> f32 {
  let sum = dot(a.a, b[0]) + dot(a.b, b[1]);
  if (PAIRS) { return sum; }
  return sum + dot(a.c, b[2]);
}

// Adds to what taps and outputs before have summed up, if there were any.
fn add(at: u32, first: bool, inside: bool, v: f32) {
  if (inside) { out[at] = select(out[at], 0.0, first) + v; }
}

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let apart = p.ty * p.dh / p.sh;
  let height = (p.h + p.sh - 1u) / p.sh; // of the highest phase
  let blocks = (height + 4u * apart - 1u) / (4u * apart) * apart;
  let id = (group.y * groups.x + group.x) * 4u + lane;
  let image = id / blocks;
  let e = extent(image / p.n);
  let block = id - image * blocks;
  let top = block / apart * 4u * apart + block % apart; // among the rows of the phase
  if (e.n == 0u || top >= e.pixels.x) { return; } // no barrier below
  let inside = vec4u(top, top + apart, top + 2u * apart, top + 3u * apart) < vec4u(e.pixels.x);
  let row = image % p.n * p.h + top * p.sh + e.phase.x;
  let origin = e.out + (row * p.w + e.phase.y) * p.c;
  let outputs = p.oc >> 2u;
  let size = p.ow * outputs;
  let start = (e.g >> 2u) + image % p.n * p.oh * size;
  let place = rowOf(e, 0u);
  let left = u32(place.x) * outputs;
  let width = e.pixels.y;
  let step = vec2u(apart * p.sh * p.w, p.sw) * p.c;
  let tap = vec2u(p.ty * p.kw, p.tx) * outputs;
  let kernel = (e.w >> 2u) + (e.first.x * p.kw + e.first.y) * outputs;
  let window = vec2u(p.kh, p.kw);
  let period = vec2u(p.ty, p.tx);
  let count = (max(window, e.first) - e.first + period - 1u) / period; // of the phase's taps
  let span = select(3u, 2u, PAIRS);
  let each = vec3u(0u, 1u, 2u);
  // The last block of taps ends with the window, as in conv2dInputTaps; but rows of taps that are
  // not inside meet rows of g that others do, and are left out. A phase without taps is written as
  // zeros.
  for (var ky = 0u; ky < max(count.x, 1u); ky += span) {
    let down3 = min(ky, max(count.x, span) - span) + each;
    let row3 = (down3 >= vec3u(ky)) & (down3 < vec3u(count.x));
    let y = u32(place.y) + top - down3.x * apart; // of g at the first tap; negative ones are large
    for (var kx = 0u; kx < max(count.y, 1u); kx += span) {
      let across3 = min(kx, max(count.y, span) - span) + each;
      let column3 = (across3 >= vec3u(kx)) & (across3 < vec3u(count.y));
      let back = select(
        vec3u(NONE), across3 * e.step.y * outputs, across3 < vec3u(count.y),
      );
      for (var o = 0u; o < (e.og >> 2u); o++) {
        let first = ky + kx + o == 0u;
        let b = kernel + down3.x * tap.x + across3.x * tap.y + o;
        let b0 = tapsOf(b, tap.y, column3 & vec3<bool>(row3.x));
        let b1 = tapsOf(b + tap.x, tap.y, column3 & vec3<bool>(row3.y));
        let b2 = tapsOf(b + 2u * tap.x, tap.y, column3 & vec3<bool>(row3.z));
        let line0 = lineOf(start + o, size, y - 2u * apart);
        let line1 = lineOf(start + o, size, y - apart);
        let line2 = lineOf(start + o, size, y);
        let line3 = lineOf(start + o, size, y + apart);
        let line4 = lineOf(start + o, size, y + 2u * apart);
        let line5 = lineOf(start + o, size, y + 3u * apart);
        var a0 = meetFirst(line0, left, back);
        var a1 = meetFirst(line1, left, back);
        var a2 = meetFirst(line2, left, back);
        var a3 = meetFirst(line3, left, back);
        var a4 = meetFirst(line4, left, back);
        var a5 = meetFirst(line5, left, back);
        var x = left;
        var at = origin;
        for (var column = 0u; column < width; column++) {
          a1 = meet(line1, x, back, a1);
          a2 = meet(line2, x, back, a2);
          a3 = meet(line3, x, back, a3);
          a4 = meet(line4, x, back, a4);
          a5 = meet(line5, x, back, a5);
          let sum0 = vec4f(product(a2, b0), product(a3, b0), product(a4, b0), product(a5, b0));
          let sum1 = vec4f(product(a1, b1), product(a2, b1), product(a3, b1), product(a4, b1));
          var sum = select(vec4f(), sum0, row3.x) + select(vec4f(), sum1, row3.y);
          if (!PAIRS) {
            a0 = meet(line0, x, back, a0);
            let sum2 = vec4f(product(a0, b2), product(a1, b2), product(a2, b2), product(a3, b2));
            sum += select(vec4f(), sum2, row3.z);
          }
          add(at, first, inside.x, sum.x);
          add(at + step.x, first, inside.y, sum.y);
          add(at + 2u * step.x, first, inside.z, sum.z);
          add(at + 3u * step.x, first, inside.w, sum.w);
          at += step.y;
          x += outputs;
        }
      }
    }
  }
}
