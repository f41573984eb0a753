// What a sampler is: a value whose proposal is a function of the told trials and a random stream of
// the trial's own; it remembers nothing, so a restored study asks what the first would have asked.

import { HypergradError } from "../core/errors";
import type { Stream } from "../core/random";
import { type Code, drawUniform, type Layout } from "./layout";

/** A told trial as samplers see it. */
export interface Observation {
  readonly code: Code;
  /** Smaller is better, whatever the study's direction; Infinity for a failed trial. */
  readonly value: number;
  /** When it was told, counted over the study. */
  readonly order: number;
}

/** Trials of an earlier study, best first, their values standardised to mean 0, deviation 1. */
export type Earlier = readonly { readonly code: Code; readonly value: number }[];

export interface History {
  /** In the order asked, failed ones included. */
  readonly told: readonly Observation[];
  /** Asked and not told. */
  readonly pending: readonly Code[];
}

export interface SamplerContext {
  readonly layout: Layout;
  /** The stream of (study's seed, trial's id). */
  readonly random: Stream;
  /** How many trials this sampler proposed before. */
  readonly index: number;
  /** The told trials: under a scheduler those of the largest budget that has at least `least` of
   * them, else of the budget that has most. */
  history(least: number): History;
  readonly earlier: readonly Earlier[];
  /** The study's constraint. */
  allowed(code: Code): boolean;
}

export interface Sampler {
  readonly name: string;
  /** Its options, as JSON: a study is restored only with the sampler it was saved with. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The next point, which must be allowed; undefined when there are no more. */
  propose(context: SamplerContext): Code | undefined;
}

/** The lower value first; failed trials are equal. */
export function byValue(a: Observation, b: Observation): number {
  return a.value === b.value ? 0 : a.value - b.value;
}

/** Values to mean 0 and deviation 1; a failed trial is as bad as the worst of the others. */
export function standardised(told: readonly { readonly value: number }[]): number[] {
  const finite = told.map(({ value }) => value).filter(Number.isFinite);
  if (finite.length === 0) return told.map(() => 0);
  const worst = Math.max(...finite);
  const values = told.map(({ value }) => Math.min(value, worst));
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  const deviation = Math.sqrt(variance);
  return values.map((v) => (deviation > 0 ? (v - mean) / deviation : 0));
}

/** The first of up to `tries` points that is allowed, if any is. */
export function firstAllowed(
  allowed: (code: Code) => boolean,
  draw: () => Code,
  tries = 100,
): Code | undefined {
  for (let i = 0; i < tries; i++) {
    const code = draw();
    if (allowed(code)) return code;
  }
  return undefined;
}

const TRIES = 10_000;

/** A random allowed point. Throws HypergradError when 10,000 draws are all refused. */
export function drawAllowed({ layout, random, allowed }: SamplerContext): Code {
  const code = firstAllowed(allowed, () => drawUniform(layout, random), TRIES);
  if (code !== undefined) return code;
  throw new HypergradError(
    `ask: the constraint lets nothing through: ${TRIES} random points were all refused. ` +
      "Loosen it, or narrow the ranges.",
  );
}

/** Random search: every allowed point equally likely. */
export function random(): Sampler {
  return { name: "random", options: {}, propose: drawAllowed };
}
