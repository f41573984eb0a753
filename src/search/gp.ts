// Bayesian optimisation: a Gaussian process of the told trials, and the point of highest log
// expected improvement; trials not yet told count as told with the mean that is expected of them.

import type { Stream } from "../core/random";
import { checkWhole } from "./checks";
import { condition, type Data, fitSettings, type GaussianProcess } from "./gaussianProcess";
import { type Code, drawUniform, jitter, type Layout, sameCode } from "./layout";
import { logEI } from "./normal";
import { drawAllowed, type Sampler, type SamplerContext } from "./sampler";

export interface GpOptions {
  /** Random trials before the first model; 2 a parameter and 2 when left out. */
  readonly start?: number;
  /** Random points from which the search for the next trial begins. */
  readonly candidates?: number;
}

// Cost grows with the cube of the points: of earlier studies, the best of each are kept.
const MOST_EARLIER = 60;
const MOST_ROUNDS = 60;

/** Throws ValueError for options out of range. */
export function gp({ start, candidates = 500 }: GpOptions = {}): Sampler {
  if (start !== undefined) checkWhole("gp", "start", start, 1);
  checkWhole("gp", "candidates", candidates, 1);
  return {
    name: "gp",
    options: { start: start ?? null, candidates },
    propose(context) {
      const least = start ?? 2 * context.layout.dimensions.length + 2;
      const { told, pending } = context.history(least);
      const finite = told.filter(({ value }) => value < Infinity);
      if (told.length < least || finite.length < 2) return drawAllowed(context);
      if (context.index % Number(globalThis.process.env.RE ?? 4) === 3) return drawAllowed(context);
      const worst = Math.max(...finite.map(({ value }) => value));
      const own = {
        codes: told.map(({ code }) => code),
        values: standardised(told.map(({ value }) => Math.min(value, worst))),
      };
      const { process, extend } = model(context, own.codes, own.values, pending);
      const best = Math.min(...own.values);
      const score = (code: Code) => {
        const { mean, variance } = process.predict(extend(code));
        return logEI(best - Number(globalThis.process.env.XI ?? 0), mean, variance);
      };
      return highest(context, score, own, pending, candidates);
    },
  };
}

function standardised(values: readonly number[]): number[] {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  const deviation = Math.sqrt(variance);
  return values.map((v) => (deviation > 0 ? (v - mean) / deviation : 0));
}

/** The process over own and earlier trials. With earlier studies, a code has one number more, the
 * study it is of: how far studies agree is learned as that dimension's length. */
function model(
  { layout, earlier }: SamplerContext,
  codes: readonly Code[],
  values: readonly number[],
  pending: readonly Code[],
): { process: GaussianProcess; extend: (code: Code) => Code } {
  const hamming = layout.dimensions.map(({ parameter }) => parameter.kind === "choice");
  const other = earlier.filter((study) => study.length > 0);
  const tagged = (code: Code, study: number) => Float64Array.of(...code, study);
  const extend = other.length === 0 ? (code: Code) => code : (code: Code) => tagged(code, 0);
  if (other.length > 0) hamming.push(true);
  const each = Math.ceil(MOST_EARLIER / Math.max(1, other.length));
  const kept = other.map((study) => study.slice(0, each));
  const data: Data = {
    codes: [
      ...codes.map(extend),
      ...kept.flatMap((study, i) => study.map(({ code }) => tagged(code, i + 1))),
    ],
    values: [...values, ...kept.flatMap((study) => study.map(({ value }) => value))],
    hamming,
  };
  const settings = fitted(data, codes.length);
  const process = condition(data, settings);
  if (pending.length === 0) return { process, extend };
  const waiting = pending.map(extend);
  const believed = {
    codes: [...data.codes, ...waiting],
    values: [...data.values, ...waiting.map((code) => process.predict(code).mean)],
    hamming,
  };
  return { process: condition(believed, settings), extend };
}

let memo: any;
function fitted(data: Data, own: number): any {
  const n = own <= 30 ? own : 5 * Math.floor(own / 5);
  const cut = {
    codes: [...data.codes.slice(0, n), ...data.codes.slice(own)],
    values: [...data.values.slice(0, n), ...data.values.slice(own)],
    hamming: data.hamming,
  };
  if (
    memo &&
    memo.codes.length === cut.codes.length &&
    memo.codes.every((c: any, i: number) => c === cut.codes[i])
  )
    return memo.settings;
  memo = { codes: cut.codes, settings: fitSettings(cut) };
  return memo.settings;
}

/** The best of random points and jitters of the best trials, each of the leaders then improved by
 * steps that shrink. Points that were asked before are taken only when there is no other. */
function highest(
  context: SamplerContext,
  score: (code: Code) => number,
  own: { codes: readonly Code[]; values: readonly number[] },
  pending: readonly Code[],
  candidates: number,
): Code {
  const { layout, random, allowed } = context;
  const asked = [...own.codes, ...pending];
  const fresh = (code: Code) => allowed(code) && !asked.some((other) => sameCode(code, other));
  const ranked = own.codes.map((_, i) => i).sort((i, j) => own.values[i] - own.values[j]);
  const points = Array.from({ length: candidates }, () => drawUniform(layout, random));
  for (const i of ranked.slice(0, 5)) {
    for (const scale of [0.1, 0.03, 0.01, 0.003]) {
      for (let k = 0; k < 5; k++) points.push(jitter(layout, own.codes[i], scale, random));
    }
  }
  const leaders = points
    .filter(fresh)
    .map((code) => ({ code, score: score(code) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, 4);
  if (leaders.length === 0) return drawAllowed(context);
  if (globalThis.process.env.NC) {
    const rnd = new Set(points.slice(0, candidates));
    const all = points
      .filter(fresh)
      .map((code) => ({ code, score: score(code) }))
      .sort((a, b) => b.score - a.score);
    const loc = all
      .filter((c) => !rnd.has(c.code))
      .slice(0, 4)
      .map((l) => climb(layout, l, score, fresh, random));
    const far = all.filter((c) => rnd.has(c.code)).slice(0, 1);
    return [...far, ...loc].reduce((a, b) => (b.score > a.score ? b : a)).code;
  }
  const climbed = leaders.map((leader) => climb(layout, leader, score, fresh, random));
  return climbed.reduce((a, b) => (b.score > a.score ? b : a)).code;
}

type Scored = { readonly code: Code; readonly score: number };

function climb(
  layout: Layout,
  from: Scored,
  score: (code: Code) => number,
  fresh: (code: Code) => boolean,
  random: Stream,
): Scored {
  let best = from;
  for (
    let scale = Number(globalThis.process.env.S0 ?? 0.1), round = 0;
    scale > 2e-4 && round < MOST_ROUNDS;
    round++
  ) {
    const before = best.score;
    for (let k = 0; k < Number(globalThis.process.env.KK ?? 10); k++) {
      const code = jitter(layout, best.code, scale, random);
      if (!fresh(code)) continue;
      const found = score(code);
      if (found > best.score) best = { code, score: found };
    }
    if (globalThis.process.env.HV || !(best.score > before)) scale /= 2;
  }
  return best;
}
