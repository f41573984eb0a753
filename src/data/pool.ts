// Image classes to draw few-shot tasks from: plain values, class-major, one byte a pixel. A pool
// made from another (selected, split, rotated) is a copy and shares no memory with it.

import { ValueError } from "../core/errors";
import { stream } from "../core/random";

export interface ClassPool {
  /** [images, height, width, channels], class-major, 0 to 255. */
  readonly images: Uint8Array;
  readonly classes: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Images of the smallest class. */
  readonly perClass: number;
  /** Class c is the images from offsets[c] up to offsets[c + 1]. */
  readonly offsets: readonly number[];
  readonly names: readonly string[];
}

export interface PoolParts {
  images: Uint8Array;
  height: number;
  width: number;
  channels?: number;
  /** Images of each class: one number for all, or one a class. */
  counts: number | readonly number[];
  names: readonly string[];
}

/** A pool of `names.length` classes. Throws a ValueError when the bytes are not what the counts
 * and sizes make. */
export function classPool(parts: PoolParts): ClassPool {
  const { images, height, width, channels = 1, counts, names } = parts;
  const each = typeof counts === "number" ? names.map(() => counts) : counts;
  if (each.length !== names.length) {
    throw new ValueError(
      `classPool: counts and names differ: ${each.length} counts, ${names.length} names. ` +
        "Give one of each a class.",
    );
  }
  const offsets = [0];
  for (const n of each) offsets.push(offsets[offsets.length - 1] + n);
  const expected = offsets[each.length] * height * width * channels;
  if (images.length !== expected) {
    throw new ValueError(
      `classPool: the bytes do not fit: ${offsets[each.length]} images of ${height} x ${width} x ` +
        `${channels} are ${expected} bytes, got ${images.length}. Check counts and sizes.`,
    );
  }
  const perClass = each.length === 0 ? 0 : Math.min(...each);
  return { images, classes: names.length, height, width, channels, perClass, offsets, names };
}

/** Images of class c. */
export function countOf(pool: ClassPool, c: number): number {
  return pool.offsets[c + 1] - pool.offsets[c];
}

/** The pixels of one image, [height, width, channels]: a view, not a copy. */
export function imageOf(pool: ClassPool, c: number, sample: number): Uint8Array {
  const size = pool.height * pool.width * pool.channels;
  const at = (pool.offsets[c] + sample) * size;
  return pool.images.subarray(at, at + size);
}

/** The pool of the classes named by number, in that order. */
export function selectClasses(pool: ClassPool, ids: ArrayLike<number>): ClassPool {
  const size = pool.height * pool.width * pool.channels;
  const list = Array.from(ids);
  for (const c of list) {
    if (!Number.isInteger(c) || c < 0 || c >= pool.classes) {
      throw new ValueError(
        `selectClasses: no such class: ${c}; the pool has ${pool.classes}. ` +
          `Use 0 to ${pool.classes - 1}.`,
      );
    }
  }
  const counts = list.map((c) => countOf(pool, c));
  const images = new Uint8Array(size * counts.reduce((sum, n) => sum + n, 0));
  let at = 0;
  for (const c of list) {
    const from = pool.images.subarray(pool.offsets[c] * size, pool.offsets[c + 1] * size);
    images.set(from, at);
    at += from.length;
  }
  const { height, width, channels } = pool;
  const names = list.map((c) => pool.names[c]);
  return classPool({ images, height, width, channels, counts, names });
}

/** Two pools without a common class: `first` classes by seed, and the rest. Split before rotating,
 * or a character is trained on in one direction and tested in another. */
export function splitClasses(
  pool: ClassPool,
  { first, seed }: { first: number; seed: number },
): [ClassPool, ClassPool] {
  if (!Number.isInteger(first) || first < 0 || first > pool.classes) {
    throw new ValueError(
      `splitClasses: the parts do not fit: first is ${first}, the pool has ${pool.classes} ` +
        `classes. Use 0 to ${pool.classes}.`,
    );
  }
  const order = stream(seed, 0).choose(pool.classes, pool.classes);
  return [selectClasses(pool, order.slice(0, first)), selectClasses(pool, order.slice(first))];
}

/** Four times the classes: those of the pool, then the same turned counterclockwise by 90, 180 and
 * 270 degrees (names end in @90, @180, @270). Throws a ValueError unless images are square. */
export function rotations(pool: ClassPool): ClassPool {
  const { height, width, channels, classes, offsets } = pool;
  if (height !== width) {
    throw new ValueError(
      `rotations: the images are not square: ${height} x ${width}. Crop or pad them first.`,
    );
  }
  const total = offsets[classes];
  const size = height * width * channels;
  const images = new Uint8Array(4 * total * size);
  images.set(pool.images);
  // from[p]: the pixel that a quarter turn brings to p. The k-th block is the (k-1)-th, turned.
  const from = new Int32Array(height * width);
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) from[r * width + c] = c * width + (width - 1 - r);
  }
  for (let i = total; i < 4 * total; i++) {
    const source = (i - total) * size;
    for (let p = 0; p < from.length; p++) {
      for (let k = 0; k < channels; k++) {
        images[i * size + p * channels + k] = images[source + from[p] * channels + k];
      }
    }
  }
  const each = Array.from({ length: classes }, (_, c) => countOf(pool, c));
  return classPool({
    images,
    height,
    width,
    channels,
    counts: [...each, ...each, ...each, ...each],
    names: ["", "@90", "@180", "@270"].flatMap((turn) => pool.names.map((name) => name + turn)),
  });
}
