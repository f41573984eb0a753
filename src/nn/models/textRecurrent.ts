// Texts to classes by an embedding and a recurrent layer. Places that hold the padding symbol take
// no part: a text means the same however far it is padded.

import { needWhole, optionsOf } from "../../core/options";
import { notEqual } from "../../ops/compare";
import { dropout as drop } from "../../ops/dropout";
import { concat, transpose } from "../../ops/movement";
import { type Key, split } from "../../ops/random";
import { scope } from "../../tensor/scope";
import type { Tensor } from "../../tensor/tensor";
import type { Tree } from "../../tensor/tree";
import type { CellState } from "../cells";
import { type EmbeddingParams, embedding } from "../embedding";
import type { Layer } from "../layer";
import {
  type Directions,
  gruLayer,
  lstmLayer,
  type RecurrentLayer,
  type RecurrentOptions,
  rnnLayer,
} from "../recurrent";
import { sequential } from "../sequential";
import { denseStages } from "./dense";
import { maxOver, meanOver } from "./overPlaces";

export interface TextOptions {
  /** Symbols are 0 to vocabulary − 1. Default 10,000. */
  readonly vocabulary?: number;
  /** 1 for one logit, of yes against no. Default 2. */
  readonly classes?: number;
  /** Of the embedding. Default 128. */
  readonly size?: number;
  /** The symbol of places that are not there. Default 0. */
  readonly padding?: number;
  /** Of the embedding's numbers at first, a standard deviation. Default 0.1. */
  readonly std?: number;
  /** Rate of dropout behind the embedding, between layers and behind the hidden ones, where a key
   * is given. Default 0. */
  readonly dropout?: number;
}

export interface TextRecurrentOptions extends TextOptions {
  /** Of the recurrent layer. Default 128. */
  readonly units?: number;
  /** Recurrent layers on top of each other. Default 1. */
  readonly layers?: number;
  /** Default false. */
  readonly bidirectional?: boolean;
  /** What stands for the text: the state after its last place, or the mean or maximum of y over
   * its places. Default "last". */
  readonly pool?: "last" | "mean" | "max";
  /** Units of linear layers with ReLU before the classes. Default []. */
  readonly hidden?: readonly number[];
}

export type TextRecurrentParams<P extends Tree> = {
  readonly embedding: EmbeddingParams;
  readonly recurrent: readonly Directions<P>[];
  /** The linear layers. */
  readonly head: readonly Tree[];
};

const NAMES = [
  ...(["vocabulary", "classes", "size", "padding", "std", "dropout", "units", "layers"] as const),
  ...(["bidirectional", "pool", "hidden"] as const),
];

/** ids int32 [b, t] to logits [b, classes]; the context's mask [b, t] replaces that of the
 * padding. */
type TextLayer<P extends Tree> = Layer<TextRecurrentParams<P>>;

/** Texts by an LSTM. */
export function textLstm(options: TextRecurrentOptions = {}) {
  return textRecurrent("textLstm", lstmLayer, options);
}

/** Texts by gated recurrent units. */
export function textGru(options: TextRecurrentOptions = {}) {
  return textRecurrent("textGru", gruLayer, options);
}

/** Texts by a simple recurrent network (tanh). */
export function textRnn(options: TextRecurrentOptions = {}) {
  return textRecurrent("textRnn", rnnLayer, options);
}

/** The network of the IMDB experiments: embedding 10000×128, LSTM 128, dense 128 with ReLU, one
 * logit of a positive review. Any option may be another. */
export function imdbLstm(options: TextRecurrentOptions = {}) {
  return textRecurrent("imdbLstm", lstmLayer, { classes: 1, hidden: [128], ...options });
}

function textRecurrent<P extends Tree, S extends CellState>(
  name: string,
  make: (inputs: number, units: number, options: RecurrentOptions) => RecurrentLayer<P, S>,
  options: TextRecurrentOptions,
): TextLayer<P> {
  optionsOf(name, options, NAMES);
  const { vocabulary = 10_000, classes = 2, size = 128, units = 128, layers = 1 } = options;
  const { bidirectional = false, padding = 0, std = 0.1, dropout: rate = 0 } = options;
  const { pool = "last", hidden = [] } = options;
  needWhole(name, { vocabulary, classes, size, units, layers }, 1);
  const table = embedding(vocabulary, size, { std });
  const recurrent = make(size, units, { layers, bidirectional, dropout: rate });
  const head = sequential(...denseStages(bidirectional ? 2 * units : units, hidden, classes, rate));
  return {
    init: (key) =>
      scope(() => {
        const keys = split(key, 3);
        return {
          embedding: table.init(keys[0]),
          recurrent: recurrent.init(keys[1]),
          head: head.init(keys[2]),
        };
      }),
    apply: (params, ids, context) =>
      scope(() => {
        const keys = context?.key === undefined ? null : split(context.key, 4);
        const dropped = (x: Tensor, k?: Key) => (k === undefined ? x : drop(k, x, rate));
        const steps = transpose(ids);
        const mask = context?.mask ? transpose(context.mask) : notEqual(steps, padding);
        const x = dropped(table.apply(params.embedding, steps), keys?.[0]);
        const { y, state } = recurrent.run(params.recurrent, x, { mask, key: keys?.[1] });
        const whole =
          pool === "last"
            ? lastOf(state[layers - 1])
            : (pool === "mean" ? meanOver : maxOver)(y, mask, 0);
        return head.apply(params.head, dropped(whole, keys?.[2]), { key: keys?.[3] });
      }),
  };
}

/** The state after the last step of both ways, [b, units] or [b, 2 units]. */
function lastOf<S extends CellState>(state: Directions<S>): Tensor {
  if (!("backward" in state)) return state.forward.h;
  return concat([state.forward.h, state.backward.h], -1);
}
