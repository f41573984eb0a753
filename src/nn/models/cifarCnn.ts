// The convolutional network of the CIFAR-10 experiments: two rounds of convolution, ReLU and
// max-pool, then linear layers. The same options always mean the same form of parameters.

import { ValueError } from "../../core/errors";
import { needWhole, optionsOf } from "../../core/options";
import { show } from "../../core/shape";
import { relu } from "../../ops/activation";
import type { Tree } from "../../tensor/tree";
import { conv } from "../conv";
import { flatten } from "../flatten";
import type { Layer } from "../layer";
import { maxPool } from "../pool";
import { type Stage, sequential } from "../sequential";
import { denseStages } from "./dense";

export interface CifarCnnOptions {
  /** Height and width of an image. Default 32. */
  readonly size?: number;
  /** Of an image. Default 3. */
  readonly channels?: number;
  /** Filters of each round. Default [32, 64]. */
  readonly filters?: readonly number[];
  /** Units of the linear layers before the last one, with ReLU. Default [128]; [] goes from the
   * images right to the classes. */
  readonly hidden?: readonly number[];
  readonly classes?: number;
  /** Of the convolutions, 3×3. Default "valid". */
  readonly padding?: "valid" | "same";
  /** Rate of dropout behind each hidden layer, where a key is given. Default 0. */
  readonly dropout?: number;
}

/**
 * The network of the CIFAR-10 experiments: images [n, size, size, channels] to logits
 * [n, classes]: for each number of filters a 3×3 convolution, ReLU and a 2×2 max-pool, then the
 * hidden layers and the classes.
 * @throws ValueError when no pixel is left behind the last pool
 */
export function cifarCnn(options: CifarCnnOptions = {}): Layer<readonly Tree[]> {
  optionsOf("cifarCnn", options, [
    "size",
    "channels",
    "filters",
    "hidden",
    "classes",
    "padding",
    "dropout",
  ]);
  const { size = 32, channels = 3, filters = [32, 64], hidden = [128], classes = 10 } = options;
  const { padding = "valid", dropout: rate = 0 } = options;
  needWhole("cifarCnn", { size, channels, classes }, 1);
  const stages: Stage[] = [];
  let [side, depth] = [size, channels];
  for (const count of filters) {
    stages.push(conv(depth, count, { padding }), relu, maxPool({ size: 2 }));
    side = Math.floor((padding === "same" ? side : side - 2) / 2);
    depth = count;
  }
  if (side < 1) {
    throw new ValueError(
      `cifarCnn: no pixel is left: images of ${size} × ${size} behind filters ` +
        `${show(filters)}, padding "${padding}". Use larger images or fewer rounds.`,
    );
  }
  stages.push(flatten);
  return sequential(...stages, ...denseStages(side * side * depth, hidden, classes, rate));
}
