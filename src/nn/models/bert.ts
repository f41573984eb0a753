// BERT (Devlin et al. 2019), whose parameters load from published files under Hugging Face's names.
// Its blocks are `transformerBlock`, norms behind the sums, with gelu by erf.

import { ShapeError } from "../../core/errors";
import { needWhole, optionsOf } from "../../core/options";
import { type Shape, show } from "../../core/shape";
import { gelu } from "../../ops/activation";
import { add } from "../../ops/arithmetic";
import { notEqual } from "../../ops/compare";
import { dropout as drop } from "../../ops/dropout";
import { gather } from "../../ops/gather";
import { tanh } from "../../ops/math";
import { slice } from "../../ops/movement";
import { type Key, normal, split } from "../../ops/random";
import { reshape } from "../../ops/reshape";
import { scope } from "../../tensor/scope";
import type { Tensor } from "../../tensor/tensor";
import { mapTree } from "../../tensor/tree";
import type { Context, Layer } from "../layer";
import { type LinearParams, linear } from "../linear";
import { type NormParams, norm } from "../norm";
import { type TransformerParams, transformerBlock } from "../transformer";
import {
  fromPublished,
  type NamedArrays,
  Published,
  publishedShapes,
  toPublished,
} from "./published";

export interface BertOptions {
  /** Symbols. Default 30,522. */
  readonly vocabulary?: number;
  /** Features of a place. Default 768. */
  readonly size?: number;
  /** Blocks. Default 12. */
  readonly layers?: number;
  /** Default 12. */
  readonly heads?: number;
  /** Units of each block's network. Default 3072. */
  readonly hidden?: number;
  /** Most places of a text. Default 512. */
  readonly positions?: number;
  /** Kinds of parts that a text has. Default 2. */
  readonly types?: number;
  /** Classes that a linear layer tells from the pooled text; none when left out. */
  readonly classes?: number;
  /** The symbol of places that are not there. Default 0, [PAD]. */
  readonly padding?: number;
  /** Rate of dropout behind the embeddings, each part of a block and before the classes, where a
   * key is given; attention's weights are not dropped. Default 0.1. */
  readonly dropout?: number;
  /** Of the norms. Default 1e-12. */
  readonly eps?: number;
}

export type BertParams = {
  /** [vocabulary, size] */
  readonly words: Tensor;
  /** [positions, size] */
  readonly positions: Tensor;
  /** [types, size] */
  readonly types: Tensor;
  readonly norm: NormParams;
  readonly blocks: readonly TransformerParams[];
  readonly pooler: LinearParams;
} & (Record<never, never> | { readonly head: LinearParams });

export interface BertContext extends Context {
  /** The kind of part that each place belongs to, int32 [b, t]. Default: 0. */
  readonly types?: Tensor;
}

export interface Bert extends Layer<BertParams> {
  /** ids int32 [b, t] to logits [b, classes]; without classes to the pooled text [b, size]. */
  apply(params: BertParams, ids: Tensor, context?: BertContext): Tensor;
  /** What stands at each place behind the last block, [b, t, size], and the pooled text: tanh of a
   * linear layer of the first place, [b, size]. */
  encode(
    params: BertParams,
    ids: Tensor,
    context?: BertContext,
  ): { readonly hidden: Tensor; readonly pooled: Tensor };
  /**
   * Parameters from arrays under Hugging Face's names, with `bert.` before them or without, norms
   * as weight and bias or gamma and beta; heads of other tasks are passed over. With the key `head`
   * the layer of the classes is made anew, whatever the file's.
   * @throws ValueError that lists the names that are missing, left over or of another shape
   */
  load(arrays: NamedArrays, options?: { readonly head?: Key }): BertParams;
  /** The names that `load` takes, with their shapes in the file. */
  names(): Readonly<Record<string, Shape>>;
  /** The arrays that `load` takes, for `encodeSafetensors`. */
  save(params: BertParams): ReturnType<typeof toPublished>;
}

/** Deviation of all weights at first. */
const STD = 0.02;

/** BERT-base unless options say otherwise: 109,482,240 parameters without classes. */
export function bert(options: BertOptions = {}): Bert {
  optionsOf("bert", options, [
    "vocabulary",
    "size",
    "layers",
    "heads",
    "hidden",
    "positions",
    "types",
    "classes",
    "padding",
    "dropout",
    "eps",
  ]);
  const { vocabulary = 30_522, size = 768, layers = 12, heads = 12, hidden = 3072 } = options;
  const { positions = 512, types = 2, classes, padding = 0, eps = 1e-12 } = options;
  const rate = options.dropout ?? 0.1;
  needWhole("bert", { vocabulary, size, layers, heads, hidden, positions, types }, 1);
  if (classes !== undefined) needWhole("bert", { classes }, 1);
  const block = transformerBlock(size, heads, {
    hidden,
    order: "post",
    activation: (x) => gelu(x, { exact: true }),
    dropout: rate,
    eps,
  });
  const layerNorm = norm(size, { over: "layer", eps });
  const pooler = linear(size, size);
  const head = classes === undefined ? null : linear(size, classes);
  /** The weights of a part as BERT draws them; vectors stay 0 and 1. */
  const drawn = <P extends LinearParams | TransformerParams>(params: P, key: Key): P => {
    const keys = split(key, 8);
    let next = 0;
    return mapTree(
      (t) => (t.shape.length < 2 ? t : normal(keys[next++], t.shape, { std: STD })),
      params,
    );
  };
  const newHead = (key: Key) => drawn(head!.init(key), key);

  const encode: Bert["encode"] = (params, ids, { key, mask, types: kinds } = {}) => {
    check(ids, kinds, positions);
    return scope(() => {
      const keys = key === undefined ? null : split(key, layers + 1);
      const live = mask ?? notEqual(ids, padding);
      const t = ids.shape[1];
      const kind =
        kinds === undefined ? slice(params.types, [0], [1]) : gather(params.types, kinds, 0);
      const places = add(gather(params.words, ids, 0), slice(params.positions, [0], [t]));
      const first = layerNorm.apply(params.norm, add(places, kind));
      let x = keys === null ? first : drop(keys[layers], first, rate);
      for (const [i, own] of params.blocks.entries()) {
        x = block.apply(own, x, { mask: live, key: keys?.[i] });
      }
      const whole = reshape(slice(x, [0, 0, 0], [ids.shape[0], 1, size]), [ids.shape[0], size]);
      return { hidden: x, pooled: tanh(pooler.apply(params.pooler, whole)) };
    });
  };

  const places = placesOf({ vocabulary, size, layers, hidden, positions, types });
  const ofHead = {
    w: new Published(["classifier.weight"], [classes ?? 0, size], "linear"),
    b: new Published(["classifier.bias"], [classes ?? 0]),
  };
  const all = head === null ? places : { ...places, head: ofHead };

  return {
    init: (key) =>
      scope(() => {
        const keys = split(key, layers + 5);
        const table = (k: Key, count: number) => normal(k, [count, size], { std: STD });
        const params = {
          words: table(keys[0], vocabulary),
          positions: table(keys[1], positions),
          types: table(keys[2], types),
          norm: layerNorm.init(keys[0]),
          blocks: keys.slice(5).map((k) => drawn(block.init(k), k)),
          pooler: drawn(pooler.init(keys[3]), keys[3]),
        };
        return head === null ? params : { ...params, head: newHead(keys[4]) };
      }),
    encode,
    apply: (params, ids, context) =>
      scope(() => {
        const keys = context?.key === undefined ? null : split(context.key, 2);
        const { pooled } = encode(params, ids, { ...context, key: keys?.[0] });
        if (head === null || !("head" in params)) return pooled;
        return head.apply(params.head, keys === null ? pooled : drop(keys[1], pooled, rate));
      }),
    load: (arrays, { head: key } = {}) =>
      scope(() => {
        const fresh = key !== undefined && head !== null;
        const passed = (name: string) =>
          /(^|\.)position_ids$|^cls\./.test(name) ||
          (/^(classifier|qa_outputs)\./.test(name) && (head === null || fresh));
        const wanted = fresh ? places : all;
        const params = fromPublished("bert", wanted, arrays, passed) as unknown as BertParams;
        return fresh ? { ...params, head: newHead(key) } : params;
      }),
    names: () => publishedShapes(all),
    save: (params) => toPublished(all, params),
  };
}

function check(ids: Tensor, types: Tensor | undefined, positions: number): void {
  const [, t] = ids.shape;
  if (ids.shape.length !== 2 || t < 1 || t > positions) {
    throw new ShapeError(
      `bert: ids do not fit: ids is ${show(ids.shape)}, there are ${positions} places. ` +
        `Give [b, t], t from 1 to ${positions}.`,
    );
  }
  if (types !== undefined && show(types.shape) !== show(ids.shape)) {
    throw new ShapeError(
      `bert: types do not fit: types is ${show(types.shape)}, ids is ${show(ids.shape)}. ` +
        "Give one for each place.",
    );
  }
}

interface Sizes {
  readonly vocabulary: number;
  readonly size: number;
  readonly layers: number;
  readonly hidden: number;
  readonly positions: number;
  readonly types: number;
}

/** Where the parameters but those of the head stand in a file. */
function placesOf({ vocabulary, size, layers, hidden, positions, types }: Sizes) {
  const named = (...names: string[]) => names.flatMap((name) => [`bert.${name}`, name]);
  const dense = (at: string, inputs: number, outputs: number) => ({
    w: new Published(named(`${at}.weight`), [outputs, inputs], "linear"),
    b: new Published(named(`${at}.bias`), [outputs]),
  });
  const normed = (at: string) => ({
    gamma: new Published(named(`${at}.LayerNorm.weight`, `${at}.LayerNorm.gamma`), [size]),
    beta: new Published(named(`${at}.LayerNorm.bias`, `${at}.LayerNorm.beta`), [size]),
  });
  const table = (what: string, count: number) =>
    new Published(named(`embeddings.${what}_embeddings.weight`), [count, size]);
  return {
    words: table("word", vocabulary),
    positions: table("position", positions),
    types: table("token_type", types),
    norm: normed("embeddings"),
    blocks: Array.from({ length: layers }, (_, i) => {
      const at = `encoder.layer.${i}`;
      const [q, k, v] = ["query", "key", "value"].map((what) =>
        dense(`${at}.attention.self.${what}`, size, size),
      );
      const o = dense(`${at}.attention.output.dense`, size, size);
      return {
        attention: {
          ...{ wq: q.w, wk: k.w, wv: v.w, wo: o.w },
          ...{ bq: q.b, bk: k.b, bv: v.b, bo: o.b },
        },
        norm1: normed(`${at}.attention.output`),
        up: dense(`${at}.intermediate.dense`, size, hidden),
        down: dense(`${at}.output.dense`, hidden, size),
        norm2: normed(`${at}.output`),
      };
    }),
    pooler: dense("pooler.dense", size, size),
  };
}
