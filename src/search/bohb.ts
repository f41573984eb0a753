// The sampler of BOHB (Falkner et al., ICML 2018): draws around good trials where one kernel
// density of all parameters together, of the good, is high over that of the others.

import { needPositive, needWhole, optionsOf } from "../core/options";
import type { Stream } from "../core/random";
import { type Code, type Dimension, fill, type Layout, pickUniform } from "./layout";
import { truncatedNormal } from "./normal";
import { byValue, drawAllowed, type Sampler } from "./sampler";

export interface BohbOptions {
  /** The part of the trials that counts as good (default .15). */
  readonly good?: number;
  readonly draws?: number;
  /** The part of the proposals that is random (default 1/3). */
  readonly randomPart?: number;
  /** Draws are from the good trials' density with bandwidths this many times as wide. */
  readonly widen?: number;
}

const LEAST_BANDWIDTH = 1e-3;
const LEAST_DENSITY = 1e-32;

/** Throws ValueError for options out of range. Meant for `hyperband`: it then models the largest
 * budget that has enough trials. */
export function bohb(options: BohbOptions = {}): Sampler {
  optionsOf("bohb", options, ["good", "draws", "randomPart", "widen"]);
  const { good = 0.15, draws = 64, randomPart = 1 / 3, widen = 3 } = options;
  needPositive("bohb", { good, randomPart }, 1);
  needWhole("bohb", { draws, widen }, 1);
  return {
    name: "bohb",
    options: { good, draws, randomPart, widen },
    propose(context) {
      const { layout, random, allowed } = context;
      const least = layout.dimensions.length + 1;
      const { told } = context.history(2 * least);
      if (told.length < 2 * least || random.uniform() < randomPart) return drawAllowed(context);
      const sorted = [...told].sort(byValue);
      const count = Math.max(least, Math.floor(good * told.length));
      const [goods, others] = [sorted.slice(0, count), sorted.slice(count)].map((part) =>
        density(
          layout,
          part.map(({ code }) => code),
        ),
      );
      let best: Code | undefined;
      let highest = -Infinity;
      for (let i = 0; i < draws; i++) {
        const code = goods.draw(widen, random);
        const ratio = goods.at(code) / Math.max(LEAST_DENSITY, others.at(code));
        if (ratio > highest && allowed(code)) [best, highest] = [code, ratio];
      }
      return best ?? drawAllowed(context);
    },
  };
}

/** A product kernel at each point: normal for ranges, Aitchison and Aitken's for choices; a
 * parameter that one of two points lacks says nothing of their distance. */
function density(layout: Layout, points: readonly Code[]) {
  const { dimensions } = layout;
  const shrink = points.length ** (-1 / (4 + dimensions.length));
  const widths = dimensions.map((dimension, d) => bandwidth(dimension, d, points, shrink));
  const kernel = ({ parameter, size }: Dimension, d: number, a: number, b: number) => {
    if (Number.isNaN(a) || Number.isNaN(b)) return 1;
    if (parameter.kind === "choice") return a === b ? 1 - widths[d] : widths[d] / (size - 1);
    const z = (a - b) / widths[d];
    return Math.exp(-0.5 * z * z) / (widths[d] * Math.sqrt(2 * Math.PI));
  };
  return {
    at(code: Code): number {
      let sum = 0;
      for (const point of points) {
        sum += dimensions.reduce(
          (p, dimension, d) => p * kernel(dimension, d, code[d], point[d]),
          1,
        );
      }
      return sum / points.length;
    },
    draw(widen: number, random: Stream): Code {
      const from = points[random.integer(points.length)];
      return fill(layout, (dimension, d) => {
        if (Number.isNaN(from[d])) return pickUniform(dimension, random);
        if (dimension.parameter.kind !== "choice") {
          return truncatedNormal(from[d], widen * widths[d], random);
        }
        return random.uniform() < widths[d] ? pickUniform(dimension, random) : from[d];
      });
    },
  };
}

/** 1.06 deviations for ranges, each as n^(-1 / (4 + dimensions)) shrinks; for choices the
 * probability to leave the point's value, with its square. */
function bandwidth(
  { parameter, size }: Dimension,
  d: number,
  points: readonly Code[],
  shrink: number,
): number {
  if (parameter.kind === "choice") return ((size - 1) / size) * shrink ** 2;
  const xs = points.map((code) => code[d]).filter((x) => !Number.isNaN(x));
  const mean = xs.reduce((sum, x) => sum + x, 0) / xs.length;
  const variance = xs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / xs.length;
  return Math.max(LEAST_BANDWIDTH, 1.06 * Math.sqrt(variance || 0) * shrink);
}
