// Population-based training (Jaderberg et al., 2017): after each interval a trial among the worst
// gives way to a changed copy of one among the best; params of a trial never change, a copy is a
// new trial that says from whose weights it begins.

import { ValueError } from "../core/errors";
import { needPositive, needWhole, optionsOf } from "../core/options";
import { type Code, codeOf, type Dimension, fill, pickUniform, valueIn } from "./layout";
import { firstAllowed } from "./sampler";
import type { Decision, Progress, Scheduler, SchedulerContext } from "./scheduler";

export interface PbtOptions {
  /** Trials alive at a time. */
  readonly population: number;
  /** Steps between two decisions. */
  readonly interval: number;
  /** Steps after which a trial is done. */
  readonly max: number;
  /** The part that gives way, and the part that is copied (default .2). */
  readonly part?: number;
  /** Probability that a parameter of a copy is drawn anew (default .25). */
  readonly resample?: number;
  /** Parameters that a copy takes over as they are, such as those that decide the form of the
   * weights it begins with. */
  readonly fixed?: readonly string[];
}

const NAMES = ["population", "interval", "max", "part", "resample", "fixed"] as const;

/** Throws ValueError for options out of range. */
export function pbt(options: PbtOptions): Scheduler {
  optionsOf("pbt", options, NAMES);
  const { population, interval, max, part = 0.2, resample = 0.25, fixed = [] } = options;
  needWhole("pbt", { population }, 2);
  needWhole("pbt", { interval, max }, 1);
  needPositive("pbt", { part, resample }, 1);
  if (part > 0.5) {
    throw new ValueError(`pbt: part is above a half: ${part}. Best and worst would overlap.`);
  }
  const budgetFrom = (step: number) => Math.min(max, step + interval);
  return {
    name: "pbt",
    options: { population, interval, max, part, resample, fixed },
    most: max,
    next(context) {
      const { trials, canStart, layout } = context;
      const unknown = fixed.find((name) => !layout.names.includes(name));
      if (unknown !== undefined) {
        const known = layout.names.join(", ");
        throw new ValueError(
          `pbt: fixed has an unknown name: "${unknown}"; the space has ${known}. Correct it.`,
        );
      }
      const alive = trials.filter(({ state }) => state !== "failed" && state !== "stopped");
      const told = alive.filter(({ cost }) => cost !== undefined);
      const ranked = told.sort((a, b) => (a.cost === b.cost ? a.id - b.id : a.cost! - b.cost!));
      const count = Math.floor(ranked.length * part + 1e-9) || (ranked.length > 1 ? 1 : 0);
      const best = ranked.slice(0, count).filter(({ step }) => step < max);
      const copy = (stop?: Progress): Decision => {
        const source = best[context.random.integer(best.length)];
        const code = explored(context, source, { resample, fixed });
        return {
          kind: "copy",
          from: source.id,
          code,
          budget: budgetFrom(source.step),
          stop: stop?.id,
        };
      };
      if (alive.length < population) {
        if (trials.length < population && canStart) {
          return { kind: "start", budget: budgetFrom(0) };
        }
        if (trials.length >= population && best.length > 0) return copy(); // one has failed
      }
      const paused = alive.filter(({ state }) => state === "paused");
      const [next] = paused.sort((a, b) => a.step - b.step || a.id - b.id);
      if (next === undefined) return undefined;
      const gives = ranked.slice(ranked.length - count).includes(next) && best.length > 0;
      if (gives) return copy(next);
      return { kind: "resume", id: next.id, budget: budgetFrom(next.step) };
    },
  };
}

/** The params of a copy, those that are not fixed: each range times .8 or 1.2, or drawn anew; a
 * choice stays, or is drawn anew. When none of 100 is allowed, those of the source. */
function explored(
  context: SchedulerContext,
  source: Progress,
  { resample, fixed }: { readonly resample: number; readonly fixed: readonly string[] },
): Code {
  const { layout, random, allowed } = context;
  const pick = (dimension: Dimension, d: number) => {
    const before = source.code[d];
    if (Number.isNaN(before)) return pickUniform(dimension, random);
    if (fixed.includes(dimension.name)) return before;
    if (random.uniform() < resample) return pickUniform(dimension, random);
    const { parameter } = dimension;
    if (parameter.kind === "choice") return before;
    const factor = random.uniform() < 0.5 ? 0.8 : 1.2;
    const moved = (valueIn(parameter, before) as number) * factor;
    return codeOf(parameter, parameter.kind === "integer" ? Math.round(moved) : moved);
  };
  return firstAllowed(allowed, () => fill(layout, pick)) ?? source.code;
}
