// Cases: movement, indexing and sorting.

import * as jax from "@jax-js/jax";
import * as tf from "@tensorflow/tfjs-core";
import * as hg from "hypergrad";
import type { JaxArray } from "../jax";
import { any, apart, type Case, one, two } from "./case";

const np = jax.numpy;

/** Indices as a tensor. */
export const ints = (list: readonly number[]) => hg.tensor(Int32Array.from(list), [list.length]);
const at = [2, 0, 2];
const jaxAt = () => np.array(Int32Array.from(at), { dtype: np.int32 });

export const movement: readonly Case[] = [
  one(
    "transpose",
    any(2, 3),
    (x) => hg.transpose(x),
    (x) => tf.transpose(x),
    (x) => np.transpose(x),
  ),
  one(
    "slice",
    any(3, 4),
    (x) => hg.slice(x, [1, 0], [2, 3]),
    (x) => tf.slice(x, [1, 0], [2, 3]),
    (x) => (x as unknown as { slice(...a: unknown[]): JaxArray }).slice([1, 3], [0, 3]),
  ),
  one(
    "strided slice",
    any(5, 2),
    (x) => hg.slice(x, [0, 0], [3, 2], [2, 1]),
    (x) => tf.stridedSlice(x, [0, 0], [5, 2], [2, 1]),
    null,
  ),
  one(
    "pad",
    any(2, 3),
    (x) =>
      hg.pad(x, [
        [1, 0],
        [0, 2],
      ]),
    (x) =>
      tf.pad(x, [
        [1, 0],
        [0, 2],
      ]),
    (x) =>
      np.pad(x, [
        [1, 0],
        [0, 2],
      ]),
  ),
  one(
    "flip",
    any(2, 3),
    (x) => hg.flip(x, 1),
    (x) => tf.reverse(x, 1),
    (x) => np.flip(x, 1),
  ),
  one(
    "tile",
    any(2, 3),
    (x) => hg.tile(x, [2, 1]),
    (x) => tf.tile(x, [2, 1]),
    (x) => np.tile(x, [2, 1]),
  ),
  two(
    "concat",
    [any(2, 3), any(1, 3)],
    (x, y) => hg.concat([x, y], 0),
    (x, y) => tf.concat([x, y], 0),
    (x, y) => np.concatenate([x, y], 0),
  ),
  one(
    "gather (embedding)",
    any(4, 2),
    (x) => hg.gather(x, ints(at)),
    (x) => tf.gather(x, tf.tensor1d(at, "int32")),
    (x) => np.take(x, jaxAt(), 0),
  ),
  one(
    "scatterAdd",
    any(3, 2),
    (x) => hg.scatterAdd(x, ints(at), 4),
    (x) => tf.unsortedSegmentSum(x, tf.tensor1d(at, "int32"), 4),
    null,
  ),
  one(
    "sort",
    apart(2, 4),
    (x) => hg.sort(x),
    null,
    (x) => np.sort(x),
  ),
  one(
    "topK",
    apart(2, 4),
    (x) => hg.topK(x, 2).values,
    (x) => tf.topk(x, 2).values,
    (x) => jax.lax.topK(x, 2)[0],
  ),
];
