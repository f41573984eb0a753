// conv2dInputLines: rows of g as the kernels of conv2dInput by taps read them, between the reader
// and the kernel. Outputs of a group come in fours.
override SLIDES = false; // taps are neighbours, three columns: a pixel meets what the last one met
override PAIRS = false; // a phase has no more than two rows of two taps

// Behind the end of every row.
const NONE = 0x40000000u;

// A row of g at four outputs, by fours: where it begins and how long it is, 0 when it is outside of
// g. What is behind its end counts as zero, also what is before it: its place is large.
struct Line { at: u32, size: u32 }
// What a pixel meets at three taps of a row.
struct Met { a: vec4f, b: vec4f, c: vec4f }

// The row `y` of an image whose first row begins at `start`.
fn lineOf(start: u32, size: u32, y: u32) -> Line {
  return Line(start + y * size, select(0u, size, y < p.oh));
}

// v, or zero: by its bits, as a choice costs three times as much on the CPU.
fn kept(v: vec4f, inside: bool) -> vec4f {
  return bitcast<vec4f>(bitcast<vec4u>(v) & vec4u(select(0u, 0xffffffffu, inside)));
}

fn read4(line: Line, to: u32) -> vec4f { return kept(g[line.at + to], to < line.size); }

// What a pixel meets at three taps, which lie `back` before x; `before`: what the pixel before it
// met.
fn meet(line: Line, x: u32, back: vec3u, before: Met) -> Met {
  let first = read4(line, x - back.x);
  if (SLIDES) { return Met(first, before.a, before.b); }
  return Met(first, read4(line, x - back.y), read4(line, x - back.z));
}

// What the pixel before the first would have met.
fn meetFirst(line: Line, x: u32, back: vec3u) -> Met {
  if (!SLIDES) { return Met(); }
  return Met(read4(line, x - back.y), read4(line, x - back.z), vec4f());
}
