// Bayesian optimisation: a Gaussian process of the told trials, and the point of highest log
// expected improvement; trials not yet told count as told with the mean that is expected of them.

import { needWhole, optionsOf } from "../core/options";
import { ascent } from "./ascent";
import {
  condition,
  type Data,
  distance,
  fitSettings,
  type GaussianProcess,
  type Settings,
} from "./gaussianProcess";
import { type Code, type Layout, sameCode } from "./layout";
import { logEI } from "./normal";
import { drawAllowed, type Earlier, type Observation, type Sampler, standardised } from "./sampler";

export interface GpOptions {
  /** Random trials before the first model; 2 a parameter and 2 when left out. */
  readonly start?: number;
  /** Random points from which the search for the next trial begins. */
  readonly candidates?: number;
}

// Cost grows with the cube of the points: of earlier studies, the best of each are kept.
const MOST_EARLIER = 60;
// Beyond this many trials, settings are fitted anew at every fifth only.
const FITTED_EACH = 30;
// Lengths between points that are of different basins.
const BASIN = 2;

/**
 * Every second proposal improves on the best trial; the others on the best of those that are more
 * than two lengths away from it, when there are such: lengths fitted where trials are dense promise
 * too little elsewhere, and a search that trusts them stays in the first basin it finds (Hartmann6:
 * 19 of 24 runs find the lowest, without it 13).
 *
 * Throws ValueError for options out of range.
 */
export function gp(options: GpOptions = {}): Sampler {
  const { start, candidates = 500 } = optionsOf("gp", options, ["start", "candidates"]);
  if (start !== undefined) needWhole("gp", { start }, 1);
  needWhole("gp", { candidates }, 1);
  const settingsOf = remembered();
  return {
    name: "gp",
    options: { start: start ?? null, candidates },
    propose(context) {
      const { layout, random, index, earlier, allowed } = context;
      const least = start ?? 2 * layout.dimensions.length + 2;
      const { told, pending } = context.history(least);
      const finite = told.filter(({ value }) => value < Infinity);
      if (told.length < least || finite.length < 2) return drawAllowed(context);

      const data = dataOf(layout, told, earlier);
      const tagged = (code: Code) => tag(code, earlier, 0);
      const settings = settingsOf(dataOf(layout, toFit(told), earlier));
      const process = believing(data, settings, pending.map(tagged));

      const ranked = told.map((_, i) => i).sort((i, j) => data.values[i] - data.values[j]);
      const best = data.codes[ranked[0]];
      const away = (code: Code) => distance(data.hamming, settings.q, code, best) > BASIN;
      const others = ranked.filter((i) => away(data.codes[i]));
      const elsewhere = index % 2 === 1 && others.length > 0;
      const rivals = elsewhere ? others : ranked;

      const lowest = data.values[rivals[0]];
      const score = (code: Code) => {
        const { mean, variance } = process.predict(tagged(code));
        return logEI(lowest, mean, variance);
      };
      const asked = [...told.map(({ code }) => code), ...pending];
      const found = ascent(score, {
        layout,
        random,
        candidates,
        near: rivals.slice(0, 5).map((i) => told[i].code),
        allowed: (code) =>
          allowed(code) &&
          (!elsewhere || away(tagged(code))) &&
          !asked.some((other) => sameCode(code, other)),
      });
      return found ?? drawAllowed(context);
    },
  };
}

/** The trials that settings are fitted to: all, or so many that most proposals share a fit. */
function toFit(told: readonly Observation[]): readonly Observation[] {
  const count = told.length <= FITTED_EACH ? told.length : 5 * Math.floor(told.length / 5);
  return told.slice(0, count);
}

/** With earlier studies, a code has one number more, the study it is of (0 is this one): how far
 * studies agree is learned as that dimension's length. */
function tag(code: Code, earlier: readonly Earlier[], study: number): Code {
  return earlier.length === 0 ? code : Float64Array.of(...code, study);
}

function dataOf(layout: Layout, told: readonly Observation[], earlier: readonly Earlier[]): Data {
  const hamming = layout.dimensions.map(({ parameter }) => parameter.kind === "choice");
  if (earlier.length > 0) hamming.push(true);
  const each = Math.ceil(MOST_EARLIER / earlier.length);
  const kept = earlier.flatMap((study, i) =>
    study.slice(0, each).map(({ code, value }) => ({ code: tag(code, earlier, i + 1), value })),
  );
  const own = standardised(told);
  return {
    codes: [...told.map(({ code }) => tag(code, earlier, 0)), ...kept.map(({ code }) => code)],
    values: [...own, ...kept.map(({ value }) => value)],
    hamming,
  };
}

/** The process in which pending trials came out as it expects. */
function believing(data: Data, settings: Settings, pending: readonly Code[]): GaussianProcess {
  const process = condition(data, settings);
  if (pending.length === 0) return process;
  const expected = pending.map((code) => process.predict(code).mean);
  const codes = [...data.codes, ...pending];
  return condition({ ...data, codes, values: [...data.values, ...expected] }, settings);
}

/** fitSettings, which gives its last answer again for the same data: a saving, not a state. */
function remembered(): (data: Data) => Settings {
  let last: { key: string; settings: Settings } | undefined;
  return (data) => {
    const key = `${data.values} ${data.codes.map((code) => code.join())}`;
    if (last?.key !== key) last = { key, settings: fitSettings(data) };
    return last.settings;
  };
}
