// Programs of matmul and the convolutions: a reader of operands put before one of the gemm kernels;
// which flags a kernel heeds stands in its record, and only programs in use are compiled.

import gemmBlocks from "../../../kernels/gemmBlocks.wgsl";
import gemmDirect from "../../../kernels/gemmDirect.wgsl";
import gemmDot from "../../../kernels/gemmDot.wgsl";
import gemmEach from "../../../kernels/gemmEach.wgsl";
import gemmSkinny from "../../../kernels/gemmSkinny.wgsl";
import gemmTile from "../../../kernels/gemmTile.wgsl";
import gemmTile128 from "../../../kernels/gemmTile128.wgsl";
import gemmWide from "../../../kernels/gemmWide.wgsl";
import { type ByTaps, skinnyColumns, VARIANTS, type Variant } from "./gemm";
import { type Part, type Program, part, program, table } from "./program";

/** What programs of one kernel differ in, as bits: transposes, reads of four neighbours, which side
 * of a skinny product is the short one; by taps, whether pixels meet what others met before them,
 * whether windows have at most two rows of two taps, and whether pixels lie two taps apart. */
export const TA = 1;
export const TB = 2;
export const VA = 4;
export const VB = 8;
export const SWAP = 16;
export const SLIDES = 32;
export const PAIRS = 64;
export const TWO = 128;
const FLAGS = { TA, TB, VA, VB, SWAP, SLIDES, PAIRS, TWO };
/** Flags that readers have no part in. */
const KERNELS = SWAP | SLIDES | PAIRS | TWO;
/** Sets of flags: what codes of one variant take. */
const CODES = 256;

/** What follows a reader. */
export interface Body {
  readonly parts: readonly Part[];
  /** The flags that it and its reader heed; others are left out of its programs. */
  readonly heeds: number;
  /** Flags heeded only beside reads of four neighbours. */
  readonly withFours?: number;
  /** Overrides beside those of the flags. */
  readonly constants?: (flags: number) => Readonly<Record<string, number>>;
}

/** Neighbours in the long operand of a skinny product go along k. */
export const alongK = (flags: number) => (flags & SWAP ? (flags & TA) === 0 : (flags & TB) !== 0);

function skinnyConstants(flags: number) {
  const COLS = skinnyColumns(alongK(flags));
  return { COLS, SLICES: 256 / COLS, FIRST_K: Number(alongK(flags)) };
}

/** Before kernels whose grid is one of equal blocks. */
export const blocksPart: Part = part("gemmBlocks", gemmBlocks);

const TRANSPOSES = TA | TB;
export const FOURS = VA | VB;

const bodies: Record<Exclude<Variant, ByTaps>, Body> = {
  dot: { parts: [part("gemmDot", gemmDot)], heeds: 0 },
  skinny: {
    parts: [part("gemmSkinny", gemmSkinny)],
    heeds: TRANSPOSES | SWAP,
    constants: skinnyConstants,
  },
  each: { parts: [part("gemmEach", gemmEach)], heeds: 0 },
  direct: {
    parts: [blocksPart, part("gemmDirect", gemmDirect)],
    heeds: TRANSPOSES | FOURS,
    withFours: TRANSPOSES,
  },
  wide: {
    parts: [blocksPart, part("gemmWide", gemmWide)],
    heeds: TRANSPOSES | FOURS,
    withFours: TRANSPOSES,
  },
  tile128: { parts: [blocksPart, part("gemmTile128", gemmTile128)], heeds: TRANSPOSES | FOURS },
  tile64: {
    parts: [blocksPart, part("gemmTile", gemmTile)],
    heeds: TRANSPOSES | FOURS,
    constants: () => ({ SIDE: 16, SLOTS: 512 }),
  },
  tile32: {
    parts: [blocksPart, part("gemmTile", gemmTile)],
    heeds: TRANSPOSES | FOURS,
    constants: () => ({ SIDE: 8, SLOTS: 256 }),
  },
};

const BINDINGS = { reads: 2, writes: 1 };

/** The programs of a reader, by variant and flags. */
export type Reader = (variant: Variant, flags: number) => Program;

/** A reader of operands: its file, the flags that it knows, and its own kernels by taps. */
export function reader(
  name: string,
  text: string,
  knows: number,
  byTaps: Readonly<Partial<Record<ByTaps, Body>>> = {},
): Reader {
  const all: Readonly<Partial<Record<Variant, Body>>> = { ...bodies, ...byTaps };
  const bodyOf = (variant: Variant) => all[variant]!;
  const heededBy = ({ heeds }: Body) => heeds & (knows | KERNELS);
  const make = table((code): Program => {
    const flags = code % CODES;
    const body = bodyOf(VARIANTS[Math.floor(code / CODES)]);
    const constants: Record<string, number> = { ...body.constants?.(flags) };
    for (const [flag, bit] of Object.entries(FLAGS)) {
      if (heededBy(body) & bit) constants[flag] = Number((flags & bit) !== 0);
    }
    return program(name, [part(name, text), ...body.parts], BINDINGS, [], constants);
  });
  return (variant, flags) => {
    const body = bodyOf(variant);
    const used = flags & heededBy(body);
    const kept = used & FOURS ? used : used & ~(body.withFours ?? 0);
    return make(VARIANTS.indexOf(variant) * CODES + kept);
  };
}
