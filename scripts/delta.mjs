// What the relaxed binary has that the plain one has not: the build embeds this in place of the
// second binary. src/device/wasm/patch.ts is its inverse, byte for byte.

/** Bytes that must agree for a copy to be worth its three numbers. */
const LEAST = 6;

function varint(out, n) {
  let rest = n;
  while (rest >= 128) {
    out.push((rest & 127) | 128);
    rest >>>= 7;
  }
  out.push(rest);
}

/** Where each run of LEAST bytes stands in `from`. */
function places(from) {
  const found = new Map();
  for (let i = 0; i + LEAST <= from.length; i++) {
    const word = from.toString("latin1", i, i + LEAST);
    if (found.has(word)) found.get(word).push(i);
    else found.set(word, [i]);
  }
  return found;
}

function agreeing(from, i, to, j) {
  let n = 0;
  while (i + n < from.length && j + n < to.length && from[i + n] === to[j + n]) n++;
  return n;
}

/**
 * `to` as copies from `from` and new bytes between them, each as: how many new bytes, those bytes,
 * where the copy begins (from the end of the last, even numbers forward, odd ones back), how long
 * it is. A copy of length 0 is the end.
 */
export function delta(from, to) {
  const known = places(from);
  const out = [];
  let fresh = [];
  let end = 0;
  let j = 0;
  const write = (at, length) => {
    varint(out, fresh.length);
    for (const byte of fresh) out.push(byte);
    fresh = [];
    varint(out, at >= end ? 2 * (at - end) : 2 * (end - at) - 1);
    varint(out, length);
    end = at + length;
  };
  while (j < to.length) {
    const near = end + fresh.length; // where both files would stand if bytes were only replaced
    let [best, most] = [near, agreeing(from, near, to, j)];
    if (most < 24) {
      for (const i of known.get(to.toString("latin1", j, j + LEAST)) ?? []) {
        const n = agreeing(from, i, to, j);
        if (n > most + (Math.abs(i - near) > 64 ? 2 : 0)) [best, most] = [i, n];
      }
    }
    if (most < LEAST) fresh.push(to[j++]);
    else {
      write(best, most);
      j += most;
    }
  }
  write(end, 0);
  return Uint8Array.from(out);
}
