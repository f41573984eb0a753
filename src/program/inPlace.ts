// Finds the results that may take the memory of an operand which dies there: only where every
// element is read before, and by nobody but, the element that is written over it.

import type { Block, EmittedCall } from "./emit";

/** For each block that is written over another, that other one. */
export type InPlace = ReadonlyMap<Block, Block>;

/** Of each call's outputs, those that can be written over an input which no later call reads. */
export function inPlace(calls: readonly EmittedCall[]): InPlace {
  const over = new Map<Block, Block>();
  const look = (i: number, call: EmittedCall, needed: readonly Block[]) => {
    const reads = readsOf(call);
    if (reads === null) return;
    const taken = new Set(needed);
    for (const [k, y] of call.outputs.entries()) {
      if (y.bound !== null || y.first !== i) continue;
      const x = call.inputs.find((b) => {
        const dies = b.bound === null && b.last === i && b.size === y.size && !taken.has(b);
        return dies && call.inputs.every((other, j) => other !== b || reads(j, k));
      });
      if (x === undefined) continue;
      taken.add(x);
      over.set(y, x);
    }
  };
  for (const [i, call] of calls.entries()) {
    look(i, call, []);
    // The product still reads its inputs when the first of its epilogue's results are written.
    if (call.epilogue !== undefined) look(i, call.epilogue, call.inputs);
  }
  return over;
}

/** Whether input j is read element by element, and not after output k is written; null for
 * kernels that read an element after they have written others. */
function readsOf({
  kernel,
  inputs,
  params,
}: EmittedCall): ((j: number, k: number) => boolean) | null {
  if (kernel === "map1" || kernel === "map2" || kernel === "map3") {
    const [, n] = params;
    return (j) => params[2 + 2 * j] === 1 && params[3 + 2 * j] >= n;
  }
  if (kernel !== "chain") return null;
  const [n, count] = params;
  const steps = 7 + 3 * count;
  const lastRead = inputs.map(() => -1);
  const written: number[] = [];
  for (let s = steps; s < params.length; s += 5) {
    for (let r = s + 1; r < s + 4; r++) if (params[r] < count) lastRead[params[r]] = s;
    written[params[s + 4]] ??= s;
  }
  return (j, k) => {
    const whole = params[7 + 3 * j] === 1 && params[8 + 3 * j] >= n;
    return whole && lastRead[j] <= written[count + k];
  };
}
