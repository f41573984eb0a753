// Where a place stands in its sequence, added to what stands there.

import { ShapeError, ValueError } from "../core/errors";
import { optionsOf } from "../core/options";
import { show } from "../core/shape";
import { add, mul, sub } from "../ops/arithmetic";
import { cumsum } from "../ops/cumulative";
import { cos, exp, sin } from "../ops/math";
import { slice, stack } from "../ops/movement";
import { normal } from "../ops/random";
import { reshape } from "../ops/reshape";
import { ones } from "../tensor/fill";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { EmbeddingParams } from "./embedding";
import type { Layer } from "./layer";

/** 0, 1, 2, … as ops make it, so that a compiled step has it as a value of its own. */
const count = (n: number) => sub(cumsum(ones([n])), 1);

/**
 * [t, size]: sin(p / 10000^(2i / size)) at (p, 2i) and its cosine at (p, 2i + 1) (Vaswani et al.
 * 2017). `size` is even.
 */
export function sinusoids(t: number, size: number): Tensor {
  if (size % 2 !== 0) {
    throw new ValueError(`sinusoids: the size is odd: ${size}. Use an even number.`);
  }
  return scope(() => {
    const rates = exp(mul(count(size / 2), (-2 * Math.log(10000)) / size));
    const angles = mul(reshape(count(t), [t, 1]), rates);
    return reshape(stack([sin(angles), cos(angles)], 2), [t, size]);
  });
}

/** x [..., t, size] plus the sinusoids of its places. Has no parameters. */
export function sinusoidalPositions(): Layer<Record<string, never>> {
  return {
    init: () => ({}),
    apply: (_, x) => add(x, sinusoids(x.shape[x.shape.length - 2], x.shape[x.shape.length - 1])),
  };
}

/** x [..., t, size] plus a learned vector for each of its places; t is at most `count`. */
export function learnedPositions(
  count: number,
  size: number,
  options: { readonly std?: number } = {},
): Layer<EmbeddingParams> {
  const { std = 0.02 } = optionsOf("learnedPositions", options, ["std"]);
  return {
    init: (key) => ({ table: normal(key, [count, size], { std }) }),
    apply: ({ table }, x) => {
      const t = x.shape[x.shape.length - 2];
      if (t > count) {
        throw new ShapeError(
          `learnedPositions: too long: x is ${show(x.shape)}, there are ${count} places. ` +
            "Cut the sequence, or make more places.",
        );
      }
      return add(x, slice(table, [0], [t]));
    },
  };
}
