// A table of vectors, one for each symbol.

import { optionsOf } from "../core/options";
import { gather } from "../ops/gather";
import { normal } from "../ops/random";
import type { Tensor } from "../tensor/tensor";
import type { Layer } from "./layer";

export type EmbeddingParams = {
  /** [count, size] */
  readonly table: Tensor;
};

/** ids int32 [...], each from 0 to count − 1, to their vectors [..., size]; `std` is the initial
 * deviation, 1 unless given. */
export function embedding(
  count: number,
  size: number,
  options: { readonly std?: number } = {},
): Layer<EmbeddingParams> {
  const { std = 1 } = optionsOf("embedding", options, ["std"]);
  return {
    init: (key) => ({ table: normal(key, [count, size], { std }) }),
    apply: ({ table }, ids) => gather(table, ids, 0),
  };
}
