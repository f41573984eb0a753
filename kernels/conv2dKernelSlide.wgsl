// conv2dKernelSlide: conv2dKernel on adapters that compute on the CPU, for windows whose taps slide
// over the pixels: what a tap meets at a pixel, its neighbour met at the one before. There a read
// costs as much as ten products, and a sum that is kept from one turn of a loop to the next as much
// as four: so an invocation reads three taps at once, and goes along two rows of g in one loop.
// Channels and outputs of a group come in fours. The reader conv2dKernel.wgsl is prepended; a split
// of k takes the rows of g that begin in it.
// One invocation computes a block of 3 taps of a row x 4 channels x 8 outputs, a workgroup 8 that
// follow each other along outputs, channels, columns, rows of the window, z.
// Grid: ceil(blocks / 8) workgroups, folded into y above 65,535.
override TWO = false; // pixels lie as far apart as two taps, else as one

// Behind the end of every row.
const NONE = 0x40000000u;

// Four channels of a row of x, by fours: where they are at a pixel's first tap, and in which column
// that is. What is outside of x counts as zero: its column is large.
struct Place { at: u32, column: u32 }
// What three taps of a row meet at four channels.
struct Met { a: vec4f, b: vec4f, c: vec4f }
// Columns from a tap to the next, and how many x has; elements from a column to the next, by fours.
struct Columns { tap: u32, count: u32, size: u32 }

// v, or zero: by its bits, as a choice costs three times as much on the CPU.
fn kept(v: vec4f, inside: bool) -> vec4f {
  return bitcast<vec4f>(bitcast<vec4u>(v) & vec4u(select(0u, 0xffffffffu, inside)));
}

fn read4(columns: Columns, place: Place, tap: u32) -> vec4f {
  let to = tap * columns.tap;
  return kept(x[place.at + to * columns.size], place.column + to < columns.count);
}

// What taps meet at a pixel; `before`: what they met at the one before it.
fn meet(columns: Columns, place: Place, before: Met) -> Met {
  let last = read4(columns, place, 2u);
  if (TWO) { return Met(before.c, read4(columns, place, 1u), last); }
  return Met(before.b, before.c, last);
}

// What taps would have met at the pixel before the first.
fn meetFirst(columns: Columns, place: Place) -> Met {
  if (TWO) { return Met(vec4f(), vec4f(), read4(columns, place, 0u)); }
  return Met(vec4f(), read4(columns, place, 0u), read4(columns, place, 1u));
}

// The pixel after another.
fn nextOf(columns: Columns, place: Place) -> Place {
  let step = select(columns.tap, 2u * columns.tap, TWO);
  return Place(place.at + step * columns.size, place.column + step);
}

// Column i: s[i] and a[i] times b and d[i] times e. One column after another: products of all at
// once would not stay in registers.
fn added(s: mat4x4f, a: vec4f, b: vec4f, d: vec4f, e: vec4f) -> mat4x4f {
  return mat4x4f(
    s[0] + a.x * b + d.x * e,
    s[1] + a.y * b + d.y * e,
    s[2] + a.z * b + d.z * e,
    s[3] + a.w * b + d.w * e,
  );
}

fn write4(at: u32, v: vec4f) {
  out[at] = v.x;
  out[at + 1u] = v.y;
  out[at + 2u] = v.z;
  out[at + 3u] = v.w;
}

fn write(at: u32, inside: bool, s: mat4x4f) {
  if (!inside) { return; }
  write4(at, s[0]);
  write4(at + p.oc, s[1]);
  write4(at + 2u * p.oc, s[2]);
  write4(at + 3u * p.oc, s[3]);
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (group.y * groups.x + group.x) * 8u + lane;
  let eights = (p.oc / p.groups + 7u) / 8u;
  let fours = p.c / p.groups / 4u;
  let threes = (p.kw + 2u) / 3u;
  let n = id % eights * 8u;
  let c = id / eights % fours * 4u;
  let kx = id / (eights * fours) % threes * 3u;
  let down = id / (eights * fours * threes);
  let ky = down % p.kh;
  let e = extent(down / p.kh);
  if (e.m == 0u) { return; } // no barrier below
  let columns = Columns(p.dw, p.w, p.c >> 2u);
  let out4 = p.oc >> 2u;
  let next = select(0u, 1u, n + 4u < e.n); // outputs behind the last are read twice, not written
  let column = kx * p.dw - p.pw; // of the first pixel at the first tap; negative ones are large
  let width = p.ow;
  let end = (e.end + width - 1u) / width;
  var s00 = mat4x4f(); // column i: tap 0, channel c + i, outputs from n on
  var s01 = mat4x4f(); // outputs 4 on
  var s10 = mat4x4f();
  var s11 = mat4x4f();
  var s20 = mat4x4f();
  var s21 = mat4x4f();
  for (var line = (e.start + width - 1u) / width; line < end; line += 2u) {
    let lines = vec2u(line, min(line + 1u, end - 1u));
    let image = lines / p.oh;
    let y = (lines - image * p.oh) * p.sh + ky * p.dh - p.ph;
    let at = ((e.x + c) >> 2u) + ((image * p.h + y) * p.w + column) * columns.size;
    let to = ((e.g + n) >> 2u) + lines * width * out4;
    let second = line + 1u < end;
    var place0 = Place(at.x, select(NONE, column, y.x < p.h));
    var place1 = Place(at.y, select(NONE, column, second && y.y < p.h));
    var a = meetFirst(columns, place0);
    var d = meetFirst(columns, place1);
    for (var i = 0u; i < width; i++) {
      a = meet(columns, place0, a);
      d = meet(columns, place1, d);
      let b0 = g[to.x + i * out4];
      let b1 = g[to.x + i * out4 + next];
      let e0 = kept(g[to.y + i * out4], second);
      let e1 = kept(g[to.y + i * out4 + next], second);
      s00 = added(s00, a.a, b0, d.a, e0);
      s01 = added(s01, a.a, b1, d.a, e1);
      s10 = added(s10, a.b, b0, d.b, e0);
      s11 = added(s11, a.b, b1, d.b, e1);
      s20 = added(s20, a.c, b0, d.c, e0);
      s21 = added(s21, a.c, b1, d.c, e1);
      place0 = nextOf(columns, place0);
      place1 = nextOf(columns, place1);
    }
  }
  let first = e.out + ((ky * p.kw + kx) * e.cg + c) * p.oc + n;
  let tap = e.cg * p.oc;
  let inside = n + 4u < e.n;
  write(first, true, s00);
  write(first + 4u, inside, s01);
  write(first + tap, kx + 1u < p.kw, s10);
  write(first + tap + 4u, inside && kx + 1u < p.kw, s11);
  write(first + 2u * tap, kx + 2u < p.kw, s20);
  write(first + 2u * tap + 4u, inside && kx + 2u < p.kw, s21);
}
