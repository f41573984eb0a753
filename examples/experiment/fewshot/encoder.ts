// What sees words where they stand: embeddings of words and of their places, then a convolution or
// a block of a Transformer; what stands at padding takes no part in attention.

import {
  concat,
  type Key,
  nn,
  notEqual,
  relu,
  reshape,
  scope,
  slice,
  split,
  type Tensor,
} from "hypergrad";

export const ENCODERS = ["convolution", "transformer"] as const;
export type Encoder = (typeof ENCODERS)[number];

/** What words are, and where they stand. */
export interface Words {
  /** Word numbers are below it; 0 is none. */
  readonly vocabulary: number;
  /** Places that each word has, such as how far it is from an entity. */
  readonly marks: number;
  /** Every place is below it. */
  readonly places: number;
}

export interface EncoderOptions extends Words {
  /** Numbers of a word's embedding. */
  readonly size: number;
  /** Features of a place. */
  readonly filters: number;
  /** Default "convolution": over three words, ReLU (Zeng et al. 2014). "transformer": one block
   * with norms in front and four heads (Vaswani et al. 2017). */
  readonly encoder?: Encoder;
}

export type EncoderParams = {
  /** Of words, then of each mark. */
  readonly tables: readonly nn.EmbeddingParams[];
  readonly rest: nn.LinearParams | TransformerParams;
};

type TransformerParams = {
  readonly narrow: nn.LinearParams;
  readonly block: nn.TransformerParams;
  readonly norm: nn.NormParams;
};

export const PLACE = 5; // numbers of a place's embedding
const HEADS = 4;

/** x int32 [n, l, 1 + marks], a word and its places, to features [n, l, filters]. */
export function placeEncoder(options: EncoderOptions): nn.Layer<EncoderParams> {
  const { vocabulary, marks, places, size, filters, encoder = "convolution" } = options;
  const tables = [nn.embedding(vocabulary, size, { std: 0.2 })];
  for (let m = 0; m < marks; m++) tables.push(nn.embedding(places, PLACE, { std: 0.2 }));
  const wide = size + marks * PLACE;
  const rest = (
    encoder === "transformer" ? transformer(wide, filters) : convolution(wide, filters)
  ) as nn.Layer<EncoderParams["rest"]>;
  return {
    init: (key) =>
      scope(() => {
        const [last, ...keys] = split(key, 1 + tables.length);
        return { tables: tables.map((t, i) => t.init(keys[i])), rest: rest.init(last) };
      }),
    apply: (params, x) =>
      scope(() => {
        const [n, length] = x.shape;
        const column = (i: number): Tensor =>
          reshape(slice(x, [0, 0, i], [n, length, 1]), [n, length]);
        const seen = tables.map((table, i) => table.apply(params.tables[i], column(i)));
        return rest.apply(params.rest, concat(seen, 2), { mask: notEqual(column(0), 0) });
      }),
  };
}

function convolution(inputs: number, filters: number): nn.Layer<nn.LinearParams> {
  const conv = nn.conv1d(inputs, filters, { size: 3, padding: 1 });
  return { init: conv.init, apply: (params, x) => relu(conv.apply(params, x)) };
}

function transformer(inputs: number, filters: number): nn.Layer<TransformerParams> {
  const narrow = nn.linear(inputs, filters, { gain: 1 });
  const positions = nn.sinusoidalPositions();
  const block = nn.transformerBlock(filters, HEADS, { hidden: 2 * filters });
  const norm = nn.norm(filters, { over: "layer" });
  return {
    init: (key: Key) => {
      const keys = split(key, 3);
      return {
        narrow: narrow.init(keys[0]),
        block: block.init(keys[1]),
        norm: norm.init(keys[2]),
      };
    },
    apply: (params, x, context) => {
      const placed = positions.apply({}, narrow.apply(params.narrow, x));
      return norm.apply(params.norm, block.apply(params.block, placed, context));
    },
  };
}
