// The inverse of scripts/delta.mjs, byte for byte: the relaxed binary from the plain one and what
// it has beyond it.

/** The bytes that `delta` was made for, from those that it was made against. */
export function patch(from: Uint8Array, delta: Uint8Array): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  let [read, end] = [0, 0];
  const number = (): number => {
    let [n, shift] = [0, 0];
    do {
      n |= (delta[read] & 127) << shift;
      shift += 7;
    } while (delta[read++] > 127);
    return n;
  };
  while (read < delta.length) {
    for (let fresh = number(); fresh > 0; fresh--) out.push(delta[read++]);
    const move = number();
    end += move % 2 === 0 ? move / 2 : -(move + 1) / 2;
    for (let length = number(); length > 0; length--) out.push(from[end++]);
  }
  return new Uint8Array(out);
}
