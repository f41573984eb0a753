// move: copies elements between two strided views of up to six axes. Axes are ordered by the
// output's strides and merged where they can; the two inner ones go to the loop that fits.

import { scratch } from "./scratch";
import { endUnit, firstUnit, shares } from "./share";
import { copyElements, storePart } from "./simd";

// An axis in scratch: size, stride in x, stride in out (in bytes), and the place on it.
const AXIS: usize = 16;

// @ts-ignore: decorator
@inline
function size(axis: usize): i32 {
  return load<i32>(axis);
}

// @ts-ignore: decorator
@inline
function from(axis: usize): i32 {
  return load<i32>(axis, 4);
}

// @ts-ignore: decorator
@inline
function to(axis: usize): i32 {
  return load<i32>(axis, 8);
}

// @ts-ignore: decorator
@inline
function setAxis(axis: usize, d: i32, s: i32, o: i32): void {
  store<i32>(axis, d);
  store<i32>(axis, s, 4);
  store<i32>(axis, o, 8);
  store<i32>(axis, 0, 12);
}

/** Puts an axis behind those of larger output stride; returns the new end of the list. */
function insert(list: usize, end: usize, d: i32, s: i32, o: i32): usize {
  if (d == 1) return end;
  let at = end;
  for (; at > list && abs(to(at - AXIS)) < abs(o << 2); at -= AXIS) {
    v128.store(at, v128.load(at - AXIS));
  }
  setAxis(at, d, s << 2, o << 2);
  return end + AXIS;
}

/** Joins neighbours that step as one axis would; returns the new end of the list. */
function merge(list: usize, end: usize): usize {
  let last = list;
  for (let axis = list + AXIS; axis < end; axis += AXIS) {
    const d = size(axis);
    if (from(last) == from(axis) * d && to(last) == to(axis) * d) {
      setAxis(last, size(last) * d, from(axis), to(axis));
    } else {
      last += AXIS;
      v128.store(last, v128.load(axis));
    }
  }
  return last + AXIS;
}

/** A 4 x 4 block: rows of x (`s` bytes apart) become columns of out (rows `o` bytes apart). */
// @ts-ignore: decorator
@inline
function transposeBlock(x: usize, s: usize, out: usize, o: usize): void {
  const a = v128.load(x);
  const b = v128.load(x + s);
  const c = v128.load(x + 2 * s);
  const d = v128.load(x + 3 * s);
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const ef = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const gh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(out + o, v128.shuffle<i64>(ab, cd, 1, 3));
  v128.store(out + 2 * o, v128.shuffle<i64>(ef, gh, 0, 2));
  v128.store(out + 3 * o, v128.shuffle<i64>(ef, gh, 1, 3));
}

/** out[i, j] = x[j, i], i below `rows` and j below `columns`, both at least 4: the last blocks
 * overlap. Eight rows of out at a time, whose cache lines stay while j moves along them. */
function transpose(x: usize, s: usize, out: usize, o: usize, rows: u32, columns: u32): void {
  for (let band: u32 = 0; band < rows; band += 8) {
    for (let j: u32 = 0; j < columns; j += 4) {
      const column = <usize>min(j, columns - 4);
      for (let i = band; i < min(band + 8, rows); i += 4) {
        const row = <usize>min(i, rows - 4);
        transposeBlock(x + column * s + (row << 2), s, out + row * o + (column << 2), o);
      }
    }
  }
}

/** Copies over the two inner axes. */
// @ts-ignore: decorator
@inline
function plane(x: usize, out: usize, second: usize, inner: usize): void {
  const d = <u32>size(inner);
  const s = from(inner);
  const o = to(inner);
  const rows = <u32>size(second);
  if (o == 4 && from(second) == 4 && d >= 4 && rows >= 4) {
    transpose(x, s, out, to(second), rows, d);
    return;
  }
  for (let row: u32 = 0; row < rows; row++) {
    if (o == 4 && s == 4) {
      copyElements(x, out, d);
    } else if (o == 4 && s == 0) {
      const v = v128.load32_splat(x);
      for (let j: u32 = 0; j < d; j += 4) storePart(out + (<usize>j << 2), v, d - j);
    } else {
      let a = x;
      let b = out;
      for (let j: u32 = 0; j < d; j++) {
        store<i32>(b, load<i32>(a));
        a += s;
        b += o;
      }
    }
    x += from(second);
    out += to(second);
  }
}

/** The axis along which x is contiguous becomes the second, if the inner one is not that axis. */
// @ts-ignore: decorator
@inline
function bringTransposed(list: usize, inner: usize): void {
  if (from(inner) == 4) return;
  for (let axis = list; axis < inner - AXIS; axis += AXIS) {
    if (from(axis) == 4) {
      const other = v128.load(inner - AXIS);
      v128.store(inner - AXIS, v128.load(axis));
      v128.store(axis, other);
      return;
    }
  }
}

export function move(
  x: usize, out: usize, d0: i32, d1: i32, d2: i32, d3: i32, d4: i32, d5: i32,
  xStart: i32, s0: i32, s1: i32, s2: i32, s3: i32, s4: i32, s5: i32,
  outStart: i32, o0: i32, o1: i32, o2: i32, o3: i32, o4: i32, o5: i32,
): void {
  if (!(d0 && d1 && d2 && d3 && d4 && d5)) return;
  const list = scratch(8 * AXIS);
  let end = insert(list, list, d0, s0, o0);
  end = insert(list, end, d1, s1, o1);
  end = insert(list, end, d2, s2, o2);
  end = insert(list, end, d3, s3, o3);
  end = insert(list, end, d4, s4, o4);
  end = insert(list, end, d5, s5, o5);
  if (end > list) end = merge(list, end);
  for (; end < list + 2 * AXIS; end += AXIS) {
    // Too few axes: one of size 1 goes in front.
    if (end > list) v128.store(list + AXIS, v128.load(list));
    setAxis(list, 1, 0, 0);
  }
  const inner = end - AXIS;
  x += <usize>xStart << 2;
  out += <usize>outStart << 2;
  if (shares() > 1) {
    let axis = list; // the outermost that has a place for each thread
    while (axis < inner && size(axis) < shares()) axis += AXIS;
    const start = firstUnit(size(axis));
    const length = endUnit(size(axis)) - start;
    if (!length) return;
    x += start * from(axis);
    out += start * to(axis);
    store<i32>(axis, length);
  }
  bringTransposed(list, inner);
  for (;;) {
    plane(x, out, inner - AXIS, inner);
    let axis = inner - 2 * AXIS; // the next place on the outer axes
    for (; axis >= list; axis -= AXIS) {
      const at = load<i32>(axis, 12) + 1;
      x += from(axis);
      out += to(axis);
      if (at < size(axis)) {
        store<i32>(axis, at, 12);
        break;
      }
      x -= at * from(axis);
      out -= at * to(axis);
      store<i32>(axis, 0, 12);
    }
    if (axis < list) return;
  }
}
