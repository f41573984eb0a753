// The four-convolution network of the few-shot experiments. With its norm, one example's logits
// depend on the others of its batch: results are transductive.

import { needWhole, optionsOf } from "../../core/options";
import { relu } from "../../ops/activation";
import type { Tree } from "../../tensor/tree";
import { conv } from "../conv";
import { flatten } from "../flatten";
import type { Layer } from "../layer";
import { linear } from "../linear";
import { norm } from "../norm";
import { globalAvgPool, maxPool } from "../pool";
import { type Stage, sequential } from "../sequential";

export interface FewShotCnnOptions {
  /** Of an image. Default 1. */
  readonly channels?: number;
  /** Of each convolution. Default 32; 64 in the papers' Omniglot networks. */
  readonly filters?: number;
  /** How many convolutions. Default 4. */
  readonly layers?: number;
  /** Null for an embedding: what stands before the last linear layer. Default 5. */
  readonly classes?: number | null;
  /** What halves the images: a convolution of stride 2 (Omniglot) or a 2×2 max-pool behind one of
   * stride 1 (mini-ImageNet). Default "stride". */
  readonly halve?: "stride" | "pool";
  /** What becomes of the last image: the mean of its pixels, or all of them (its height and width
   * is then to be given). Default "mean". */
  readonly head?: "mean" | { readonly flatten: number };
  /** Batch statistics behind each convolution; false leaves them out. Default true. */
  readonly norm?: boolean;
  /** Of the norm. Default 1e-3. */
  readonly eps?: number;
}

/**
 * Images [n, h, w, channels] to logits [n, classes] (Vinyals et al. 2016, Finn et al. 2017): 3×3
 * convolutions with padding 1, each with norm and ReLU and halving the image.
 */
export function fewShotCnn(options: FewShotCnnOptions = {}): Layer<readonly Tree[]> {
  optionsOf("fewShotCnn", options, [
    "channels",
    "filters",
    "layers",
    "classes",
    "halve",
    "head",
    "norm",
    "eps",
  ]);
  const { channels = 1, filters = 32, layers = 4, classes = 5, halve = "stride" } = options;
  const { head = "mean", norm: normed = true, eps = 1e-3 } = options;
  needWhole("fewShotCnn", { channels, filters, layers, classes: classes ?? 1 }, 1);
  const stages: Stage[] = [];
  for (let i = 0; i < layers; i++) {
    const stride = halve === "stride" ? 2 : 1;
    stages.push(conv(i === 0 ? channels : filters, filters, { stride, padding: 1, bias: !normed }));
    if (normed) stages.push(norm(filters, { eps }));
    stages.push(relu);
    if (halve === "pool") stages.push(maxPool({ size: 2 }));
  }
  stages.push(head === "mean" ? globalAvgPool() : flatten);
  const width = head === "mean" ? filters : filters * head.flatten ** 2;
  if (classes !== null) stages.push(linear(width, classes, { gain: 1 }));
  return sequential(...stages);
}
