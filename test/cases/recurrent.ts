// Cases of the LSTM over a whole sequence: sizes on both sides of lanes and tiles, masked steps,
// weights of each example's own, and how rounding grows from step to step.

import { type Case, floatOut, type Rule, type Truth, uniforms, type Values } from "./case";

interface Sequence {
  readonly batch?: number;
  readonly t: number;
  readonly b: number;
  readonly h: number;
  /** Whether each of the batch has weights of its own. */
  readonly own?: boolean;
  /** Share of the steps that are live; all when left out. */
  readonly live?: number;
}

/** Largest magnitude. */
const most = (x: ArrayLike<number>) => {
  let max = 0;
  for (let i = 0; i < x.length; i++) max = Math.max(max, Math.abs(x[i]));
  return max;
};

/** Largest sum of magnitudes along the columns of matrices wh [h, 4h], and along their rows. */
function norms(wh: ArrayLike<number>, h: number): { columns: number; rows: number } {
  let columns = 0;
  let rows = 0;
  for (let from = 0; from + 4 * h * h <= wh.length && h > 0; from += 4 * h * h) {
    const down = new Float64Array(4 * h);
    for (let k = 0; k < h; k++) {
      let row = 0;
      for (let q = 0; q < 4 * h; q++) {
        const v = Math.abs(wh[from + k * 4 * h + q]);
        down[q] += v;
        row += v;
      }
      rows = Math.max(rows, row);
    }
    columns = Math.max(columns, most(down));
  }
  return { columns, rows };
}

/**
 * Roundings of h and of a row of cells after t steps. A sum of h + 2 terms of magnitude Z is off by
 * (h + 2) Z and by what h was off times the columns' norm; sigmoid takes a quarter of that, tanh
 * all, each 8 roundings of its own; products and sums of numbers in [-1, 1] and of c add the rest.
 */
function forwardError({ t, h }: Sequence, [z, wh, bias, h0]: readonly Values[], c: number) {
  const { columns } = norms(wh, h);
  const Z = most(z) + most(bias) + columns * Math.max(1, most(h0));
  let ofH = 0;
  let ofC = 0;
  let ofGates = 0;
  for (let s = 0; s < t; s++) {
    const a = columns * ofH + (h + 2) * Z;
    const slow = a / 4 + 8;
    ofGates = a + 8;
    ofC = ofC + c * slow + slow + ofGates + 2 * (c + 1);
    ofH = ofC + 8 + slow + 1;
  }
  return { ofH, ofCells: Math.max(ofC, ofGates) };
}

function forward(seq: Sequence): Case {
  const { batch = 1, t, b, h, own = false, live } = seq;
  const ws = own ? 4 * h * h : 0;
  const sets = own ? batch : 1;
  const error = once((inputs, [, cells]) => forwardError(seq, inputs, most(cells)));
  const rule = (what: "ofH" | "ofCells"): Rule => ({
    kind: "bound",
    roundings: (_, inputs, truth) => error(inputs, truth)[what],
  });
  const rows = batch * t * b;
  return {
    kernel: "lstmForward",
    name: nameOf(seq),
    params: [batch, t, b, h, live === undefined ? 0 : 1, ws],
    inputs: () => [
      uniforms(rows * 4 * h, 101, -2, 2),
      weights(sets, h),
      uniforms(sets * 4 * h, 103),
      uniforms(batch * b * h, 104),
      uniforms(batch * b * h, 105),
      mask(rows, live),
    ],
    outputs: [floatOut(rows * h, rule("ofH")), floatOut(rows * 5 * h, rule("ofCells"))],
  };
}

/** The same for every element of a call: worked out at the first one. */
function once<T>(work: (inputs: readonly Values[], truth: readonly Truth[]) => T) {
  let known: { readonly of: readonly Values[]; readonly value: T } | null = null;
  return (inputs: readonly Values[], truth: readonly Truth[]): T => {
    if (known?.of !== inputs) known = { of: inputs, value: work(inputs, truth) };
    return known.value;
  };
}

/** Norms of about 1, so that errors grow slowly. */
const weights = (sets: number, h: number) =>
  uniforms(sets * 4 * h * h, 102, -1 / Math.max(h, 1), 1 / Math.max(h, 1));

function mask(rows: number, live?: number): Int32Array {
  if (live === undefined) return new Int32Array(1);
  return Int32Array.from(uniforms(rows, 106, 0, 1), (v) => (v < live ? 1 : 0));
}

function nameOf({ batch = 1, t, b, h, own, live }: Sequence): string {
  const more = `${own ? ", own weights" : ""}${live === undefined ? "" : `, ${live} live`}`;
  return `${batch} x [${t}, ${b}, ${h}]${more}`;
}

/**
 * Roundings of dz, dh0 and dc0. The magnitudes of dh and dc and their errors are followed from step
 * to step: all gates are within 1, as are the slopes of sigmoid and tanh.
 */
function backwardError(
  { t, h }: Sequence,
  [cells, , wh, , gh, gcells]: readonly Values[],
  more: boolean,
): { ofZ: number; ofState: number } {
  const { rows } = norms(wh, h);
  const c = most(cells) + 1;
  const g = more ? most(gcells) : 0;
  let dh = 0;
  let dc = 0;
  let ofH = 0;
  let ofC = 0;
  let ofZ = 0;
  for (let s = 0; s < t; s++) {
    dh += most(gh);
    ofH += dh;
    dc += g + dh;
    ofC += ofH + 12 * dc;
    const dz = (c * dc + dh + g) / 4 + dc + g;
    ofZ = c * ofC + ofH + 24 * dz;
    dh = rows * dz + dh;
    ofH = rows * ofZ + (4 * h + 2) * dh + ofH;
  }
  return { ofZ, ofState: ofH + ofC };
}

function backward(seq: Sequence, more: boolean): Case {
  const { batch = 1, t, b, h, own = false, live } = seq;
  const ws = own ? 4 * h * h : 0;
  const rows = batch * t * b;
  const error = once((inputs) => backwardError(seq, inputs, more));
  const rule = (what: "ofZ" | "ofState"): Rule => ({
    kind: "bound",
    roundings: (_, inputs, truth) => error(inputs, truth)[what],
  });
  return {
    kernel: "lstmBackward",
    name: `${nameOf(seq)}${more ? ", gradient by cells" : ""}`,
    params: [batch, t, b, h, live === undefined ? 0 : 1, more ? 1 : 0, ws],
    inputs: () => [
      uniforms(rows * 5 * h, 107, 0.05, 0.95),
      uniforms(batch * b * h, 108),
      weights(own ? batch : 1, h),
      mask(rows, live),
      uniforms(rows * h, 109),
      more ? uniforms(rows * 5 * h, 110) : new Float32Array(1),
    ],
    outputs: [
      floatOut(rows * 4 * h, rule("ofZ")),
      floatOut(batch * b * h, rule("ofState")),
      floatOut(batch * b * h, rule("ofState")),
    ],
  };
}

const SEQUENCES: Sequence[] = [
  ...[1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33].map((h): Sequence => ({ t: 3, b: 2, h })),
  ...[1, 3, 4, 5, 6, 7, 13].map((b): Sequence => ({ t: 2, b, h: 6 })),
  ...[1, 2, 6].map((t): Sequence => ({ t, b: 3, h: 5 })),
  { t: 2, b: 4, h: 130 },
  { t: 2, b: 2, h: 300 },
  { t: 5, b: 7, h: 9, live: 0.6 },
  { t: 4, b: 3, h: 4, live: 0 },
  { batch: 3, t: 3, b: 4, h: 5 },
  { batch: 3, t: 3, b: 4, h: 5, own: true },
  { batch: 2, t: 4, b: 5, h: 10, own: true, live: 0.5 },
  { batch: 2, t: 4, b: 5, h: 10, live: 0.5 },
  { t: 0, b: 3, h: 4 },
  { t: 3, b: 0, h: 4 },
  { batch: 0, t: 3, b: 2, h: 4 },
];

export const recurrentCases: Case[] = SEQUENCES.flatMap((seq) => [
  forward(seq),
  backward(seq, false),
  backward(seq, true),
]);
