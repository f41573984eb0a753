// Pooling layers. They have no parameters.

import { type AvgPoolOptions, avgPool2d, maxPool2d, type PoolOptions } from "../ops/pool";
import { max, mean } from "../ops/reduce";
import type { Tensor } from "../tensor/tensor";
import type { Layer } from "./layer";

type Empty = Record<string, never>;

const without = (apply: (x: Tensor) => Tensor): Layer<Empty> => ({
  init: () => ({}),
  apply: (_, x) => apply(x),
});

/** The maximum over each window of images [n, h, w, c]; see `maxPool2d`. */
export function maxPool(options: PoolOptions): Layer<Empty> {
  return without((x) => maxPool2d(x, options));
}

/** The mean over each window of images [n, h, w, c]; see `avgPool2d`. */
export function avgPool(options: AvgPoolOptions): Layer<Empty> {
  return without((x) => avgPool2d(x, options));
}

/** The mean over all places between the first and the last axis: [n, ..., c] → [n, c]. */
export function globalAvgPool(): Layer<Empty> {
  return without((x) => mean(x, { axis: places(x) }));
}

/** The maximum over all places between the first and the last axis: [n, ..., c] → [n, c]. */
export function globalMaxPool(): Layer<Empty> {
  return without((x) => max(x, { axis: places(x) }));
}

const places = (x: Tensor) => x.shape.map((_, i) => i).slice(1, -1);
