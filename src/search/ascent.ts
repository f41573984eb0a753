// The point of a space with the highest score, searched without gradients: random points and small
// steps from given ones, and from the best of these, steps that shrink.

import type { Stream } from "../core/random";
import { type Code, drawUniform, jitter, type Layout } from "./layout";

interface AscentOptions {
  readonly layout: Layout;
  readonly random: Stream;
  /** How many random points. */
  readonly candidates: number;
  /** Points worth a look around. */
  readonly near: readonly Code[];
  /** Whether a point may be returned. */
  readonly allowed: (code: Code) => boolean;
}

type Scored = { readonly code: Code; readonly score: number };

const LEADERS = 4;
const STEPS = [0.1, 0.03, 0.01, 0.003];
const FIRST_STEP = 0.1;
const LAST_STEP = 2e-4;
const MOST_ROUNDS = 60;

/** The best point found; undefined when no candidate is allowed. */
export function ascent(score: (code: Code) => number, options: AscentOptions): Code | undefined {
  const { layout, random, candidates, near, allowed } = options;
  const points = Array.from({ length: candidates }, () => drawUniform(layout, random));
  for (const code of near) {
    for (const step of STEPS) {
      for (let k = 0; k < 5; k++) points.push(jitter(layout, code, step, random));
    }
  }
  const leaders = points
    .filter(allowed)
    .map((code): Scored => ({ code, score: score(code) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, LEADERS);
  if (leaders.length === 0) return undefined;
  const climbed = leaders.map((leader) => climb(score, leader, options));
  return climbed.reduce((a, b) => (b.score > a.score ? b : a)).code;
}

function climb(score: (code: Code) => number, from: Scored, options: AscentOptions): Scored {
  const { layout, random, allowed } = options;
  let best = from;
  for (let step = FIRST_STEP, round = 0; step > LAST_STEP && round < MOST_ROUNDS; round++) {
    const before = best.score;
    for (let k = 0; k < 10; k++) {
      const code = jitter(layout, best.code, step, random);
      if (!allowed(code)) continue;
      const found = score(code);
      if (found > best.score) best = { code, score: found };
    }
    if (!(best.score > before)) step /= 2;
  }
  return best;
}
