// What a layer is: a function that makes parameters and a function of parameters and input.

import type { Key } from "../ops/random";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";

export interface Context {
  /** Randomness for layers that draw, such as dropout; without it they are the identity. */
  readonly key?: Key;
  /** Which places of the sequences are there, bool, for layers that mix places: [t, b] where time
   * comes first (recurrent layers), [b, t] where it comes second (attention). Default: all. */
  readonly mask?: Tensor;
}

/** Throws TypeError for `apply(x)` in the place of `apply(params, x)`. */
export function needInput(x: Tensor | undefined): void {
  if (x !== undefined) return;
  throw new TypeError("apply: no input: got one argument. Write apply(params, x).");
}

export interface Layer<P extends Tree = Tree> {
  /** Fresh parameters; the same key gives the same ones. */
  init(key: Key): P;
  apply(params: P, x: Tensor, context?: Context): Tensor;
}
