// A sampler that is a small LSTM: from the last point and its value to the next point. What it has
// learned is a value, and its state is worked out anew from the told trials: it remembers nothing.

import { ValueError } from "../core/errors";
import { type Code, type Dimension, fill } from "./layout";
import { drawAllowed, type Observation, type Sampler, standardised } from "./sampler";

/** What a learned sampler is: weights in rows of the outputs' order, gates i, f, g, o. */
export interface LearnedNet {
  /** Numbers of a point. */
  readonly dimensions: number;
  readonly units: number;
  /** [dimensions + 3, 4 · units] */
  readonly wx: readonly number[];
  /** [units, 4 · units] */
  readonly wh: readonly number[];
  /** [4 · units] */
  readonly b: readonly number[];
  /** [units, dimensions] */
  readonly w: readonly number[];
  /** [dimensions] */
  readonly c: readonly number[];
}

const NEAR = 0.02; // of a point that was asked, in every dimension: nothing new is learned there

/**
 * The next point of an LSTM that saw the points told so far and their values, standardised (Chen et
 * al., ICML 2017). A choice takes an even share of [0, 1] for each value. A point next to one that
 * was asked gives way to a random one. Where trials run at the same time, a pending one counts as
 * told with the mean.
 *
 * Throws ValueError for a net of another number of dimensions than the space, when first asked.
 */
export function learned(net: LearnedNet): Sampler {
  const { dimensions, units } = net;
  const expected = (dimensions + 3 + units) * 4 * units + 4 * units + (units + 1) * dimensions;
  const found = net.wx.length + net.wh.length + net.b.length + net.w.length + net.c.length;
  if (expected !== found) {
    throw new ValueError(
      `learned: the weights do not fit: ${found} numbers, ${dimensions} dimensions and ${units} ` +
        `units have ${expected}. Use what trainLearned gave.`,
    );
  }
  return {
    name: "learned",
    options: { dimensions, units, sum: net.wx.reduce((a, b) => a + b, 0) },
    propose(context) {
      const { layout, history, allowed } = context;
      const { told, pending } = history(1);
      if (layout.dimensions.length !== dimensions) {
        throw new ValueError(
          `learned: the space does not fit: it has ${layout.dimensions.length} parameters, the ` +
            `net ${dimensions} dimensions. Train one for this space.`,
        );
      }
      const next = run(net, layout.dimensions, told, pending);
      const asked = [...told.map(({ code }) => code), ...pending];
      const code = fill(layout, (dimension, d) => {
        const x = Math.min(1 - 1e-9, Math.max(0, next[d]));
        return dimension.parameter.kind === "choice" ? Math.floor(x * dimension.size) : x;
      });
      if (allowed(code) && !asked.some((other) => near(code, other))) return code;
      return drawAllowed(context);
    },
  };
}

const near = (a: Code, b: Code) =>
  a.every((x, d) => Object.is(x, b[d]) || Math.abs(x - b[d]) < NEAR);

/** A code as numbers in [0, 1]; what does not exist is in the middle. */
export function pointOf(dimensions: readonly Dimension[], code: Code): number[] {
  return dimensions.map(({ parameter, size }, d) => {
    if (Number.isNaN(code[d])) return 0.5;
    return parameter.kind === "choice" ? (code[d] + 0.5) / size : code[d];
  });
}

/** The net's answer behind all that was told. */
function run(
  net: LearnedNet,
  dimensions: readonly Dimension[],
  told: readonly Observation[],
  pending: readonly Code[],
): number[] {
  const { units } = net;
  let h = new Array<number>(units).fill(0);
  let c = new Array<number>(units).fill(0);
  const points = [
    ...told.map(({ code }) => pointOf(dimensions, code)),
    ...pending.map((code) => pointOf(dimensions, code)),
  ];
  const values = [...standardised(told), ...pending.map(() => 0)];
  let best = 0;
  for (let t = 0; t <= points.length; t++) {
    const x =
      t === 0
        ? new Array<number>(net.dimensions + 3).fill(0)
        : [...points[t - 1], values[t - 1], best, 1];
    [h, c] = cell(net, x, h, c);
    if (t < points.length) best = t === 0 ? values[0] : Math.min(best, values[t]);
  }
  return Array.from({ length: net.dimensions }, (_, d) => {
    let z = net.c[d];
    for (let j = 0; j < units; j++) z += h[j] * net.w[j * net.dimensions + d];
    return sigmoid(z);
  });
}

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

function cell(
  { units, wx, wh, b }: LearnedNet,
  x: readonly number[],
  h: readonly number[],
  c: readonly number[],
): [number[], number[]] {
  const width = 4 * units;
  const z = Array.from(b);
  for (const [k, v] of x.entries()) for (let j = 0; j < width; j++) z[j] += v * wx[k * width + j];
  for (const [k, v] of h.entries()) for (let j = 0; j < width; j++) z[j] += v * wh[k * width + j];
  const next = c.map((old, j) => {
    const [i, f, g] = [z[j], z[units + j], z[2 * units + j]];
    return sigmoid(f) * old + sigmoid(i) * Math.tanh(g);
  });
  return [next.map((v, j) => sigmoid(z[3 * units + j]) * Math.tanh(v)), next];
}
