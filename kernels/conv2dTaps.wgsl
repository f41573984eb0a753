// conv2dTaps: conv2d on adapters that compute on the CPU. There a read costs as much as ten
// products, and a loop whose code outgrows the cache of decoded instructions runs at half speed: so
// an invocation keeps the weights of three rows of three taps, and goes with them along the pixels
// in a short loop. What more taps and channels add is summed up in `out`.
// Outputs of a group come in fours. The reader conv2d.wgsl is prepended (VA: channels come in fours
// too); k is not split.
// One invocation computes `rows` rows of an image x 4 outputs, a workgroup 8 such blocks, which
// follow each other along outputs, rows, images, z.
// Grid: ceil(blocks / 8) workgroups, folded into y above 65,535.
override SLIDES = false; // stride = dilation, three columns: a pixel meets what the last one met
override TWO = false; // stride = twice the dilation, three columns: what its last tap met
override PAIRS = false; // a window has no more than two rows of two taps

// Behind the end of every row.
const NONE = 0x40000000u;

// A row of x at one channel or, by fours, at four: where it begins and how long it is, 0 when it is
// outside of x. What is behind its end counts as zero, also what is before it: its place is large.
struct Line { at: u32, size: u32 }
// What a pixel meets at three taps of a row, the last one first: at one channel or at four.
struct Met1 { a: f32, b: f32, c: f32 }
struct Met4 { a: vec4f, b: vec4f, c: vec4f }
// The weights of three taps of a row, the last one first: a column a channel.
struct Taps { a: mat4x4f, b: mat4x4f, c: mat4x4f }

// The row `y` of an image whose first row begins at `start`.
fn lineOf(start: u32, size: u32, y: u32) -> Line {
  return Line(start + y * size, select(0u, size, y < p.h));
}

fn read1(line: Line, to: u32) -> f32 {
  let at = line.at + to;
  return select(0.0, x[at >> 2u][at & 3u], to < line.size);
}

// v, or zero: by its bits, as a choice costs three times as much on the CPU.
fn kept(v: vec4f, inside: bool) -> vec4f {
  return bitcast<vec4f>(bitcast<vec4u>(v) & vec4u(select(0u, 0xffffffffu, inside)));
}

fn read4(line: Line, to: u32) -> vec4f { return kept(x[line.at + to], to < line.size); }

// What a pixel meets at three taps, the last one at `to`, the others `back` before it; `before`:
// what the pixel before it met.
fn meet1(line: Line, to: u32, back: vec2u, before: Met1) -> Met1 {
  let last = read1(line, to);
  if (SLIDES) { return Met1(last, before.a, before.b); }
  let second = read1(line, to - back.x);
  if (TWO) { return Met1(last, second, before.a); }
  return Met1(last, second, read1(line, to - back.y));
}

fn meet4(line: Line, to: u32, back: vec2u, before: Met4) -> Met4 {
  let last = read4(line, to);
  if (SLIDES) { return Met4(last, before.a, before.b); }
  let second = read4(line, to - back.x);
  if (TWO) { return Met4(last, second, before.a); }
  return Met4(last, second, read4(line, to - back.y));
}

// What the pixel before the first would have met.
fn first1(line: Line, to: u32, back: vec2u) -> Met1 {
  if (TWO) { return Met1(read1(line, to - back.y), 0.0, 0.0); }
  if (!SLIDES) { return Met1(); }
  return Met1(read1(line, to - back.x), read1(line, to - back.y), 0.0);
}

fn first4(line: Line, to: u32, back: vec2u) -> Met4 {
  if (TWO) { return Met4(read4(line, to - back.y), vec4f(), vec4f()); }
  if (!SLIDES) { return Met4(); }
  return Met4(read4(line, to - back.x), read4(line, to - back.y), vec4f());
}

fn weight(at: u32, inside: bool) -> vec4f { return select(vec4f(), w[at], inside); }

fn channels(at: u32, inside: bool) -> mat4x4f {
  let step = p.oc >> 2u;
  return mat4x4f(
    weight(at, inside),
    weight(at + step, inside),
    weight(at + 2u * step, inside),
    weight(at + 3u * step, inside),
  );
}

// The first `count` of three taps, `tap` apart, the last one first; the others are zero.
fn taps1(at: u32, tap: u32, count: u32) -> mat3x4f {
  return mat3x4f(
    weight(at, count > 0u), weight(at - tap, count > 1u), weight(at - 2u * tap, count > 2u),
  );
}

fn taps4(at: u32, tap: u32, count: u32) -> Taps {
  return Taps(
    channels(at, count > 0u), channels(at - tap, count > 1u), channels(at - 2u * tap, count > 2u),
  );
}

fn product1(b: mat3x4f, a: Met1) -> vec4f {
  let sum = a.a * b[0] + a.b * b[1];
  if (PAIRS) { return sum; }
  return sum + a.c * b[2];
}

fn product4(b: Taps, a: Met4) -> vec4f {
  let sum = b.a * a.a + b.b * a.b;
  if (PAIRS) { return sum; }
  return sum + b.c * a.c;
}

// Adds to what taps and channels before have summed up, if there were any.
fn add(at: u32, first: bool, v: vec4f) {
  let before = vec4f(out[at], out[at + 1u], out[at + 2u], out[at + 3u]);
  let sum = v + select(before, vec4f(), first);
  out[at] = sum.x;
  out[at + 1u] = sum.y;
  out[at + 2u] = sum.z;
  out[at + 3u] = sum.w;
}

// Rows of pixels to go along with some taps. Of `out`: where they begin, how many there are, and
// whether no taps came before. Of x: where the image begins at a channel; the sizes of the lines
// that three rows of taps meet, the last one first, and in which row that one lies; where the first
// pixel's last tap is, how far before it the other two are, and how far on the next pixel's. Places
// before the first are large.
struct Way {
  out: u32, rows: u32, first: bool,
  start: u32, sizes: vec3u, y: u32,
  left: u32, back: vec2u, stride: u32,
}

fn walk1(way: Way, b0: mat3x4f, b1: mat3x4f, b2: mat3x4f) {
  let width = p.ow; // uniforms are dear in a loop
  let step = p.oc;
  var at = way.out;
  for (var i = 0u; i < way.rows; i++) {
    let y = way.y + i * p.sh;
    let line0 = lineOf(way.start, way.sizes.x, y);
    let line1 = lineOf(way.start, way.sizes.y, y - p.dh);
    let line2 = lineOf(way.start, way.sizes.z, y - 2u * p.dh);
    var to = way.left;
    var a0 = first1(line0, to, way.back);
    var a1 = first1(line1, to, way.back);
    var a2 = first1(line2, to, way.back);
    for (var ox = 0u; ox < width; ox++) {
      a0 = meet1(line0, to, way.back, a0);
      a1 = meet1(line1, to, way.back, a1);
      var sum = product1(b0, a0) + product1(b1, a1);
      if (!PAIRS) {
        a2 = meet1(line2, to, way.back, a2);
        sum += product1(b2, a2);
      }
      add(at, way.first, sum);
      at += step;
      to += way.stride;
    }
  }
}

fn walk4(way: Way, b0: Taps, b1: Taps, b2: Taps) {
  let width = p.ow; // uniforms are dear in a loop
  let step = p.oc;
  var at = way.out;
  for (var i = 0u; i < way.rows; i++) {
    let y = way.y + i * p.sh;
    let line0 = lineOf(way.start, way.sizes.x, y);
    let line1 = lineOf(way.start, way.sizes.y, y - p.dh);
    let line2 = lineOf(way.start, way.sizes.z, y - 2u * p.dh);
    var to = way.left;
    var a0 = first4(line0, to, way.back);
    var a1 = first4(line1, to, way.back);
    var a2 = first4(line2, to, way.back);
    for (var ox = 0u; ox < width; ox++) {
      a0 = meet4(line0, to, way.back, a0);
      a1 = meet4(line1, to, way.back, a1);
      var sum = product4(b0, a0) + product4(b1, a1);
      if (!PAIRS) {
        a2 = meet4(line2, to, way.back, a2);
        sum += product4(b2, a2);
      }
      add(at, way.first, sum);
      at += step;
      to += way.stride;
    }
  }
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let blocks = vec2u((p.oc / p.groups) >> 2u, (p.oh + p.rows - 1u) / p.rows);
  let id = (group.y * groups.x + group.x) * 8u + lane;
  let down = id / blocks.x;
  let image = down / blocks.y;
  let e = extent(image / p.n);
  let n = (id - down * blocks.x) * 4u;
  let top = (down - image * blocks.y) * p.rows;
  if (n >= e.n) { return; } // no barrier below
  // Elements of x, and channels in the loop, count one by one or in fours.
  let shift = select(0u, 2u, VA);
  let pixel = p.c >> shift;
  let size = p.w * pixel;
  let fours = p.oc >> 2u;
  let tap = e.cg * fours;
  let row = p.kw * tap;
  let span = select(3u, 2u, PAIRS);
  let two = vec2u(1u, 2u);
  var way: Way;
  way.out = e.out + (image % p.n * p.oh + top) * p.ow * p.oc + n;
  way.rows = min(p.rows, p.oh - top);
  way.stride = p.sw * pixel;
  // The last block of taps ends with the window: weights that the one before had are zero, and so
  // is x at taps before the window's first.
  for (var ky = 0u; ky < p.kh; ky += span) {
    let last = min(ky + span, p.kh) - 1u;
    way.y = top * p.sh + last * p.dh - p.ph;
    way.sizes = vec3u(size, select(vec2u(), vec2u(size), two <= vec2u(last)));
    for (var kx = 0u; kx < p.kw; kx += span) {
      let end = min(kx + span, p.kw) - 1u;
      way.left = (end * p.dw - p.pw) * pixel;
      way.back = select(vec2u(NONE), two * p.dw * pixel, two <= vec2u(end));
      let count = end + 1u - kx;
      let count1 = select(0u, count, last >= ky + 1u);
      let count2 = select(0u, count, last >= ky + 2u);
      for (var c = 0u; c < (e.cg >> shift); c++) {
        let b0 = ((e.w + n) >> 2u) + last * row + end * tap + (c << shift) * fours;
        way.start = (e.x >> shift) + image % p.n * p.h * size + c;
        way.first = ky + kx + c == 0u;
        let b1 = b0 - row;
        let b2 = b1 - row;
        if (VA) {
          walk4(way, taps4(b0, tap, count), taps4(b1, tap, count1), taps4(b2, tap, count2));
        } else {
          walk1(way, taps1(b0, tap, count), taps1(b1, tap, count1), taps1(b2, tap, count2));
        }
      }
    }
  }
}
