// Uniforms that stay: the words of many dispatches packed into one buffer, equal lists once.

import { UNIFORM } from "./pipelines";
import type { Program } from "./program";

interface Packed {
  readonly words: Int32Array<ArrayBuffer>;
  /** Where each list begins, in bytes. */
  readonly offsets: readonly number[];
}

/** Packs lists so that each begins at a multiple of `step` words, and `UNIFORM` bytes follow the
 * beginning of each. */
export function pack(
  lists: readonly { readonly program: Program; readonly words: readonly number[] }[],
  step: number,
): Packed {
  const places = new Map<string, number>();
  const all: number[] = [];
  const ints = new Int32Array(UNIFORM / 4);
  const floats = new Float32Array(ints.buffer);
  const offsets = lists.map(({ program, words }) => {
    ints.set(words);
    for (const i of program.floats) floats[i] = words[i];
    const list = ints.subarray(0, words.length);
    const key = list.join(" ");
    let place = places.get(key);
    if (place === undefined) {
      while (all.length % step > 0) all.push(0);
      place = all.length * 4;
      places.set(key, place);
      for (const word of list) all.push(word);
    }
    return place;
  });
  const words = new Int32Array(all.length + UNIFORM / 4);
  words.set(all);
  return { words, offsets };
}
