// Dropout as a layer.

import { ValueError } from "../core/errors";
import { dropout as drop } from "../ops/dropout";
import type { Layer } from "./layer";

/** x with elements 0 at the given rate, the others larger; x itself without a key in the context.
 * Has no parameters. */
export function dropout(rate: number): Layer<Record<string, never>> {
  if (!(rate >= 0 && rate < 1)) {
    throw new ValueError(`dropout: rate out of range: ${rate}. Use 0 up to below 1.`);
  }
  return {
    init: () => ({}),
    apply: (_, x, context) => (context?.key === undefined ? x : drop(context.key, x, rate)),
  };
}
