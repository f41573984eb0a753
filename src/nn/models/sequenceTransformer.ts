// Transformer encoders that classify: of texts and of frames of sound. Places that are not there
// change nothing at the others.

import { needWhole, optionsOf } from "../../core/options";
import { mul } from "../../ops/arithmetic";
import { notEqual } from "../../ops/compare";
import { dropout as drop } from "../../ops/dropout";
import { type Key, split } from "../../ops/random";
import { scope } from "../../tensor/scope";
import type { Tensor } from "../../tensor/tensor";
import type { Tree } from "../../tensor/tree";
import { type EmbeddingParams, embedding } from "../embedding";
import type { Context, Layer } from "../layer";
import { type LinearParams, linear } from "../linear";
import { type NormParams, norm } from "../norm";
import { sinusoidalPositions } from "../position";
import { sequential } from "../sequential";
import { type TransformerParams, transformerBlock } from "../transformer";
import { denseStages } from "./dense";
import { maxOver, meanOver } from "./overPlaces";
import type { TextOptions } from "./textRecurrent";

export interface EncoderOptions {
  /** Features of a place; the heads divide it, and it is even. Default 64. */
  readonly size?: number;
  /** Default 4. */
  readonly heads?: number;
  /** Blocks on top of each other. Default 2. */
  readonly layers?: number;
  /** Units of each block's network. Default 4 · size. */
  readonly units?: number;
  /** What stands for the whole: the mean or the maximum over its places. Default "mean". */
  readonly pool?: "mean" | "max";
  /** Units of linear layers with ReLU before the classes. Default []. */
  readonly hidden?: readonly number[];
  /** Rate of dropout behind the input, each part of a block and the hidden layers, where a key is
   * given. Default 0. */
  readonly dropout?: number;
}

export interface TextTransformerOptions extends EncoderOptions, Omit<TextOptions, "size" | "std"> {
  /** Of the embedding's numbers at first, before they are multiplied by √size, a standard
   * deviation. Default 1 / √size. */
  readonly std?: number;
}

export interface SpeechTransformerOptions extends EncoderOptions {
  /** Features of a frame, log-mel energies. Default 40. */
  readonly mels?: number;
  /** Default 10. */
  readonly classes?: number;
}

type EncoderParams = {
  readonly blocks: readonly TransformerParams[];
  readonly norm: NormParams;
  /** The linear layers. */
  readonly head: readonly Tree[];
};

/** x [b, t, size] with positions, through pre-norm blocks and a last norm, to logits. */
const ENCODER = ["size", "heads", "layers", "units", "pool", "hidden", "dropout"] as const;

function encoder(name: string, classes: number, options: EncoderOptions) {
  const { size = 64, heads = 4, layers = 2, units, pool = "mean", hidden = [] } = options;
  const rate = options.dropout ?? 0;
  needWhole(name, { size, heads, layers, classes }, 1);
  const positions = sinusoidalPositions();
  const block = transformerBlock(size, heads, { hidden: units, dropout: rate });
  const last = norm(size, { over: "layer" });
  const head = sequential(...denseStages(size, hidden, classes, rate));
  return {
    size,
    init: (key: Key): EncoderParams => {
      const keys = split(key, layers + 2);
      return {
        blocks: keys.slice(2).map((k) => block.init(k)),
        norm: last.init(keys[0]),
        head: head.init(keys[1]),
      };
    },
    apply: (params: EncoderParams, input: Tensor, { key, mask }: Context): Tensor => {
      const keys = key === undefined ? null : split(key, layers + 3);
      const dropped = (x: Tensor, k?: Key) => (k === undefined ? x : drop(k, x, rate));
      let x = dropped(positions.apply({}, input), keys?.[0]);
      for (const [i, own] of params.blocks.entries()) {
        x = block.apply(own, x, { mask, key: keys?.[i + 3] });
      }
      const over = pool === "mean" ? meanOver : maxOver;
      const whole = over(last.apply(params.norm, x), mask, 1);
      return head.apply(params.head, dropped(whole, keys?.[1]), { key: keys?.[2] });
    },
  };
}

export type TextTransformerParams = {
  readonly embedding: EmbeddingParams;
  readonly encoder: EncoderParams;
};

/** ids int32 [b, t] to logits [b, classes] (Vaswani et al. 2017, the encoder, norms first); the
 * context's mask [b, t] replaces that of the padding. */
export function textTransformer(
  options: TextTransformerOptions = {},
): Layer<TextTransformerParams> {
  optionsOf("textTransformer", options, [...ENCODER, "vocabulary", "classes", "padding", "std"]);
  const { vocabulary = 10_000, classes = 2, padding = 0 } = options;
  needWhole("textTransformer", { vocabulary }, 1);
  const body = encoder("textTransformer", classes, options);
  // By the root of the size (Vaswani et al. 2017, 3.4): beside positions of size 1 the numbers of a
  // word are as large, and move that much further with a step of Adam.
  const scale = Math.sqrt(body.size);
  const table = embedding(vocabulary, body.size, { std: options.std ?? 1 / scale });
  return {
    init: (key) =>
      scope(() => {
        const [own, rest] = split(key, 2);
        return { embedding: table.init(own), encoder: body.init(rest) };
      }),
    apply: (params, ids, context) =>
      scope(() => {
        const mask = context?.mask ?? notEqual(ids, padding);
        const x = mul(table.apply(params.embedding, ids), scale);
        return body.apply(params.encoder, x, { key: context?.key, mask });
      }),
  };
}

export type SpeechTransformerParams = {
  readonly frames: LinearParams;
  readonly encoder: EncoderParams;
};

/** Frames [b, t, mels] to logits [b, classes]; the context's mask [b, t] says which frames are
 * there, all without one. */
export function speechTransformer(
  options: SpeechTransformerOptions = {},
): Layer<SpeechTransformerParams> {
  optionsOf("speechTransformer", options, [...ENCODER, "mels", "classes"]);
  const { mels = 40, classes = 10 } = options;
  needWhole("speechTransformer", { mels }, 1);
  const body = encoder("speechTransformer", classes, options);
  const frames = linear(mels, body.size, { gain: 1 });
  return {
    init: (key) =>
      scope(() => {
        const [own, rest] = split(key, 2);
        return { frames: frames.init(own), encoder: body.init(rest) };
      }),
    apply: (params, x, context) =>
      scope(() => body.apply(params.encoder, frames.apply(params.frames, x), context ?? {})),
  };
}
