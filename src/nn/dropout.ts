// Dropout as a layer.

import { dropout as drop } from "../ops/dropout";
import type { Layer } from "./layer";

/** x with elements 0 at the given rate, the others larger; x itself without a key in the context.
 * Has no parameters. */
export function dropout(rate: number): Layer<Record<string, never>> {
  return {
    init: () => ({}),
    apply: (_, x, context) => (context?.key === undefined ? x : drop(context.key, x, rate)),
  };
}
