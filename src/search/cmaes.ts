// CMA-ES (Hansen, "The CMA evolution strategy: a tutorial", 2016) over the ranges of a space; its
// distribution is computed anew from the told trials each time, so it remembers nothing.

import { needPositive, optionsOf } from "../core/options";
import type { Stream } from "../core/random";
import { cholesky, solveLower } from "./cholesky";
import { type Code, fill, pickUniform } from "./layout";
import { byValue, drawAllowed, firstAllowed, type Observation, type Sampler } from "./sampler";

export interface CmaesOptions {
  /** First standard deviation, where each range is 1 (default .3). */
  readonly sigma?: number;
}

/** Each lambda = 4 + floor(3 log n) trials that are told make a generation (in the order told: with
 * parallel trials some are of the distribution before). Choices are drawn at random. Throws
 * ValueError for a sigma that is not between 0 and 1. */
export function cmaes(options: CmaesOptions = {}): Sampler {
  const { sigma = 0.3 } = optionsOf("cmaes", options, ["sigma"]);
  needPositive("cmaes", { sigma }, 1);
  return {
    name: "cmaes",
    options: { sigma },
    propose(context) {
      const { layout, random, allowed } = context;
      const ranges = layout.dimensions.flatMap(({ parameter }, d) =>
        parameter.kind === "choice" ? [] : [d],
      );
      if (ranges.length === 0) return drawAllowed(context);
      const told = [...context.history(1).told].sort((a, b) => a.order - b.order);
      const distribution = evolve(told, ranges, sigma);
      const draw = () => {
        const x = drawInside(distribution, random);
        return fill(layout, (dimension, d) => {
          const at = ranges.indexOf(d);
          return at < 0 ? pickUniform(dimension, random) : x[at];
        });
      };
      return firstAllowed(allowed, draw) ?? drawAllowed(context);
    },
  };
}

interface Distribution {
  mean: Float64Array;
  sigma: number;
  /** A with A Aᵀ = C, row-major [n, n]. */
  root: Float64Array;
}

/** A point in the unit cube: drawn up to ten times, then put to its border. */
function drawInside({ mean, sigma, root }: Distribution, random: Stream): Float64Array {
  const n = mean.length;
  for (let i = 0; ; i++) {
    const z = Float64Array.from({ length: n }, () => random.normal());
    const x = mean.map((m, r) => {
      let sum = 0;
      for (let k = 0; k <= r; k++) sum += root[r * n + k] * z[k];
      return m + sigma * sum;
    });
    if (x.every((v) => v >= 0 && v <= 1)) return x;
    if (i === 9) return x.map((v) => Math.min(1, Math.max(0, v)));
  }
}

/** The distribution after the full generations among the trials. */
function evolve(told: readonly Observation[], ranges: readonly number[], sigma: number) {
  const n = ranges.length;
  const lambda = 4 + Math.floor(3 * Math.log(n));
  const raw = Array.from({ length: lambda >> 1 }, (_, i) => Math.log((lambda + 1) / 2 / (i + 1)));
  const total = raw.reduce((sum, w) => sum + w, 0);
  const weights = raw.map((w) => w / total);
  const mass = 1 / weights.reduce((sum, w) => sum + w * w, 0);
  const cs = (mass + 2) / (n + mass + 5);
  const damping = 1 + 2 * Math.max(0, Math.sqrt((mass - 1) / (n + 1)) - 1) + cs;
  const cc = (4 + mass / n) / (n + 4 + (2 * mass) / n);
  const c1 = 2 / ((n + 1.3) ** 2 + mass);
  const cmu = Math.min(1 - c1, (2 * (mass - 2 + 1 / mass)) / ((n + 2) ** 2 + mass));
  const length = Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n)); // of a normal vector
  const at = (i: number, j: number) => i * n + j;

  const mean = new Float64Array(n).fill(0.5);
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++) c[at(i, i)] = 1;
  const now: Distribution = { mean, sigma, root: c.slice() };
  const pathSigma = new Float64Array(n);
  const pathC = new Float64Array(n);
  for (let g = 1; g * lambda <= told.length; g++) {
    const generation = told.slice((g - 1) * lambda, g * lambda);
    const best = generation
      .sort(byValue)
      .slice(0, weights.length)
      .map(({ code }) => stepsFrom(now, code, ranges));
    const step = mean.map((_, i) => best.reduce((sum, y, k) => sum + weights[k] * y[i], 0));
    const white = solveLower(now.root, step.slice(), n);
    for (let i = 0; i < n; i++) {
      mean[i] += now.sigma * step[i];
      pathSigma[i] = (1 - cs) * pathSigma[i] + Math.sqrt(cs * (2 - cs) * mass) * white[i];
    }
    const norm = Math.hypot(...pathSigma);
    const moving = norm / Math.sqrt(1 - (1 - cs) ** (2 * g)) < (1.4 + 2 / (n + 1)) * length;
    for (let i = 0; i < n; i++) {
      const pull = moving ? Math.sqrt(cc * (2 - cc) * mass) * step[i] : 0;
      pathC[i] = (1 - cc) * pathC[i] + pull;
    }
    const keep = 1 - c1 - cmu + (moving ? 0 : c1 * cc * (2 - cc));
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const spread = best.reduce((sum, y, k) => sum + weights[k] * y[i] * y[j], 0);
        c[at(i, j)] = keep * c[at(i, j)] + c1 * pathC[i] * pathC[j] + cmu * spread;
      }
    }
    now.sigma = Math.min(
      1,
      Math.max(1e-9, now.sigma * Math.exp((cs / damping) * (norm / length - 1))),
    );
    now.root = cholesky(c, n) ?? now.root;
  }
  return now;
}

/** (x - mean) / sigma of a trial; 0 where it lacks the parameter. */
function stepsFrom({ mean, sigma }: Distribution, code: Code, ranges: readonly number[]) {
  return mean.map((m, i) => (Number.isNaN(code[ranges[i]]) ? 0 : (code[ranges[i]] - m) / sigma));
}
