// The linear layers of the small nets that some inner optimizers are: at first their weights keep
// the scale of what goes in, and biases are 0.

import { type Key, normal, split } from "../../ops/random";
import { zeros } from "../../tensor/fill";
import type { Tensor } from "../../tensor/tensor";

/** w [inputs, outputs], b [outputs]. */
export type Dense = { readonly w: Tensor; readonly b: Tensor };

/** Layers from each of these sizes to the next. */
export function denseLayers(key: Key, sizes: readonly number[]): Dense[] {
  return split(key, sizes.length - 1).map((k, i) => ({
    w: normal(k, [sizes[i], sizes[i + 1]], { std: 1 / Math.sqrt(sizes[i]) }),
    b: zeros([sizes[i + 1]]),
  }));
}
