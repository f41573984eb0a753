// Tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011): each parameter is drawn where
// good trials are dense and others are not; a trial not yet told counts among the others.

import { needPositive, needWhole, optionsOf } from "../core/options";
import { type Code, type Dimension, fill } from "./layout";
import { parzen } from "./parzen";
import { byValue, drawAllowed, firstAllowed, type Sampler, type SamplerContext } from "./sampler";

export interface TpeOptions {
  /** Random trials before the first estimate. */
  readonly start?: number;
  /** The part of the trials that counts as good; 25 trials at most. */
  readonly good?: number;
  /** Draws for each parameter. */
  readonly draws?: number;
}

const MOST_GOOD = 25;

/** Throws ValueError for options out of range. */
export function tpe(options: TpeOptions = {}): Sampler {
  const {
    start = 10,
    good = 0.1,
    draws = 24,
  } = optionsOf("tpe", options, ["start", "good", "draws"]);
  needWhole("tpe", { start }, 2);
  needWhole("tpe", { draws }, 1);
  needPositive("tpe", { good }, 1);
  return {
    name: "tpe",
    options: { start, good, draws },
    propose(context) {
      const { told, pending } = context.history(start);
      if (told.length < start) return drawAllowed(context);
      const ranked = told.map((_, i) => i).sort((i, j) => byValue(told[i], told[j]));
      const count = Math.min(MOST_GOOD, Math.ceil(good * told.length));
      const best = new Set(ranked.slice(0, count));
      const goods = told.filter((_, i) => best.has(i)).map(({ code }) => code);
      const others = told.filter((_, i) => !best.has(i)).map(({ code }) => code);
      return drawRatio(context, goods, [...others, ...pending], draws);
    },
  };
}

function drawRatio(
  context: SamplerContext,
  goods: readonly Code[],
  others: readonly Code[],
  draws: number,
): Code {
  const { layout, random, allowed } = context;
  const estimates = layout.dimensions.map((dimension, d) => ({
    good: parzen(dimension, numbers(goods, d)),
    other: parzen(dimension, numbers(others, d)),
  }));
  const pick = (_: Dimension, d: number) => {
    const { good, other } = estimates[d];
    let [picked, highest] = [0, -Infinity];
    for (let draw = 0; draw < draws; draw++) {
      const x = good.draw(random);
      const ratio = good.at(x) / other.at(x);
      if (ratio > highest) [picked, highest] = [x, ratio];
    }
    return picked;
  };
  return firstAllowed(allowed, () => fill(layout, pick)) ?? drawAllowed(context);
}

/** The numbers of one dimension, of the trials in which it exists. */
function numbers(codes: readonly Code[], d: number): number[] {
  return codes.map((code) => code[d]).filter((x) => !Number.isNaN(x));
}
