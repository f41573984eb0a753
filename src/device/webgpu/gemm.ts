// The choice among the gemm kernels: a readable table, by shape and kind of adapter alone, so that
// the same call always adds in the same order.

import type { ProductRule } from "../tiles";
import { ceilDiv } from "./plan";

/** One product or a batch of them: z products of [m, k] by [k, n], `total` elements of result. */
export interface Size {
  readonly z: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly total: number;
  /** Groups of a convolution: products whose results lie side by side. */
  readonly groups: number;
  /** Whether rows of both operands are found without arithmetic: matmul. */
  readonly plain: boolean;
  /** The kernels by taps that can compute it: none of matmul, and of outputs that do not come in
   * fours. */
  readonly byTaps: Readonly<Partial<Record<ByTaps, Taps>>>;
  /** Whether the adapter computes on the CPU. */
  readonly software: boolean;
}

/** What a kernel by taps computes. */
interface Taps {
  /** Blocks of the result, each of one invocation. */
  readonly blocks: number;
  /** Whether its k may be split: a sum over pixels, not over a window. */
  readonly splits: boolean;
}

/** Kernels that sum by taps, one reader's each. */
export const BY_TAPS = ["rows", "slide", "taps"] as const;
export type ByTaps = (typeof BY_TAPS)[number];
const isByTaps = (variant: string): variant is ByTaps => BY_TAPS.includes(variant as ByTaps);

export const VARIANTS = [
  "dot",
  "skinny",
  "each",
  ...BY_TAPS,
  "direct",
  "wide",
  "tile128",
  "tile64",
  "tile32",
] as const;
export type Variant = (typeof VARIANTS)[number];

/** Tiles or blocks of the given side. */
const tiles = ({ z, m, n }: Size, side: number) => z * ceilDiv(m, side) * ceilDiv(n, side);
const work = ({ z, m, n, k }: Size) => z * m * n * k;

interface Choice {
  readonly variant: Variant;
  /** The first row that fits is taken. */
  readonly when: (size: Size) => boolean;
  /** Workgroups, for the given size of `gemmSkinny`'s long side a workgroup. */
  readonly groups: (size: Size, columns: number) => number;
}

/** A kernel by taps, `lanes` blocks a workgroup: for the CPU, where a read or a division costs as
 * much as ten products. */
const byTaps = (variant: ByTaps, lanes: number): Choice => ({
  variant,
  when: ({ software, byTaps: { [variant]: taps }, k }) =>
    software && taps !== undefined && (taps.splits || k <= 2 * TERMS),
  groups: ({ byTaps: { [variant]: taps } }) => ceilDiv(taps!.blocks, lanes),
});

/** Tiles are for GPUs of 16 to 150 cores with fast shared memory: a tile twice as wide reads half
 * as much, and is taken once there are enough of them to go round. */
const choices: readonly Choice[] = [
  {
    variant: "dot", // a few sums: a workgroup each
    when: ({ total, k }) => total <= 128 && k >= 64,
    groups: ({ z, m, n }) => z * m * n,
  },
  {
    variant: "skinny", // a matrix by a few vectors: the matrix is read once
    when: ({ m, n, k, plain }) => plain && Math.min(m, n) <= 8 && Math.max(m, n) >= 32 && k >= 16,
    groups: ({ z, m, n }, columns) => z * ceilDiv(Math.max(m, n), columns),
  },
  {
    variant: "each", // too little work for tiles, or groups narrower than a tile's column
    when: (size) =>
      (size.groups > 1 && Math.min(size.m, size.n) < 4) ||
      (!size.software && work(size) <= 1 << 20 && size.k <= 512),
    groups: ({ z, m, n }) => ceilDiv(z * m * n, 64),
  },
  byTaps("rows", 4), // one channel: what a row of it reads serves its neighbours too
  byTaps("slide", 8), // what a tap meets, its neighbour meets at the next pixel
  byTaps("taps", 8),
  {
    variant: "direct", // narrow ones waste most of a tile
    when: ({ software, m, n }) => Math.min(m, n) <= (software ? 4 : 8),
    groups: (size) => ceilDiv(tiles(size, 4), 64),
  },
  {
    variant: "wide", // on the CPU a barrier costs more than a read
    when: ({ software }) => software,
    groups: (size) => ceilDiv(tiles(size, 8), 16),
  },
  {
    variant: "tile128",
    when: (size) => tiles(size, 128) >= 128 && size.m > 64 && size.n > 64 && size.k >= 64,
    groups: (size) => tiles(size, 128),
  },
  {
    variant: "tile64",
    when: (size) => tiles(size, 64) >= 128 && size.m > 32 && size.n > 32,
    groups: (size) => tiles(size, 64),
  },
  {
    variant: "tile32",
    when: () => true,
    groups: (size) => tiles(size, 32),
  },
];

export interface Chosen {
  readonly variant: Variant;
  /** Workgroups of one split. */
  readonly groups: number;
  /** Parts of k, summed apart and then added in order, and the length of a part. */
  readonly splits: number;
  readonly chunk: number;
}

/** Columns of `gemmSkinny` a workgroup: fewer when its neighbours go along k. */
export const skinnyColumns = (alongK: boolean) => (alongK ? 8 : 32);

/** The tile that was measured to be the fastest for products as large as this, where the measured
 * ones speak for it: it must not be narrower than half a tile. */
function tuned(size: Size, rules: readonly ProductRule[]): Variant | null {
  const narrow = Math.min(size.m, size.n);
  const rule = rules.filter(({ from }) => tiles(size, 32) >= from).at(-1);
  if (rule === undefined || narrow <= 8) return null;
  if (rule.tile === "tile128" && (narrow <= 64 || size.k < 64)) return "tile64";
  return rule.tile === "tile64" && narrow <= 32 ? "tile32" : rule.tile;
}

/** `alongK`: whether neighbours in the long operand of a skinny product go along k. `only`: the
 * variant to take whatever the shape, if the reader has it. `rules`: what `tune()` found. */
export function choose(
  size: Size,
  alongK: boolean,
  only: Variant | null,
  rules: readonly ProductRule[] | null = null,
): Chosen {
  const able =
    only !== null &&
    (only !== "skinny" || (size.plain && Math.min(size.m, size.n) <= 8)) &&
    (!isByTaps(only) || size.byTaps[only] !== undefined);
  const fits = ({ variant, when }: Choice) => (able ? variant === only : when(size));
  const byShape = choices.find(fits)!;
  const tiled = /^(direct|wide|tile)/.test(byShape.variant);
  const measured = rules === null || able || !tiled ? null : tuned(size, rules);
  const { variant, groups } =
    measured === null ? byShape : choices.find((choice) => choice.variant === measured)!;
  const count = groups(size, skinnyColumns(alongK));
  return { variant, groups: count, ...splitK(size, variant, count) };
}

/** Workgroups that keep a GPU busy. */
const ENOUGH = 256;
/** Most terms that one invocation adds in a row where memory for partial sums allows. */
const TERMS = 4096;
/** Most elements of partial sums. */
const PARTIALS = 1 << 24;

/** A long k is split when few workgroups meet it, or for accuracy. */
function splitK({ k, total, byTaps, software }: Size, variant: Variant, groups: number) {
  const whole = { splits: 1, chunk: k };
  if (variant === "dot" || variant === "each" || k < 512) return whole;
  if (isByTaps(variant) && !byTaps[variant]!.splits) return whole;
  const forSpeed = software ? 1 : Math.min(ceilDiv(ENOUGH, groups), Math.floor(k / 256));
  const forDigits = k > 2 * TERMS ? ceilDiv(k, TERMS) : 1;
  const wanted = Math.min(Math.max(forSpeed, forDigits), Math.floor(PARTIALS / total));
  if (wanted < 2) return whole;
  const chunk = ceilDiv(k, wanted * 32) * 32; // whole slices of a tile
  return { splits: ceilDiv(k, chunk), chunk };
}
