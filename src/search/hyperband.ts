// Hyperband (Li et al., JMLR 2018): brackets of successive halving, from many short trials to few
// long ones, then again; a rung goes on only when all its trials have ended.

import { needWhole, optionsOf } from "../core/options";
import { byCost, type Progress, type Scheduler } from "./scheduler";

export interface HyperbandOptions {
  /** R: steps of the longest trials. */
  readonly max: number;
  readonly eta?: number;
}

/** One bracket: how many trials train up to how many steps, rung by rung. */
export type Bracket = readonly { readonly trials: number; readonly budget: number }[];

/** The brackets s = s_max … 0 of R = max: n = ceil((s_max + 1) eta^s / (s + 1)) trials begin with
 * r = R eta^-s steps; floor(n eta^-i) reach rung i with r eta^i. Steps are rounded to whole
 * ones. Throws ValueError unless max >= 1 and eta >= 2 are whole. */
export function brackets(max: number, eta: number): Bracket[] {
  needWhole("hyperband", { max }, 1);
  needWhole("hyperband", { eta }, 2);
  let most = 0;
  while (eta ** (most + 1) <= max) most++;
  return Array.from({ length: most + 1 }, (_, i) => {
    const s = most - i;
    const n = Math.ceil(((most + 1) * eta ** s) / (s + 1));
    return Array.from({ length: s + 1 }, (_, k) => ({
      trials: Math.floor(n / eta ** k),
      budget: Math.round(max / eta ** (s - k)),
    }));
  });
}

/** Throws ValueError unless max >= 1 and eta >= 2 are whole. While a rung waits for its last
 * trials, the next bracket is begun. */
export function hyperband(options: HyperbandOptions): Scheduler {
  const { max, eta = 3 } = optionsOf("hyperband", options, ["max", "eta"]);
  const rounds = brackets(max, eta);
  return {
    name: "hyperband",
    options: { max, eta },
    most: max,
    next({ trials, canStart }) {
      let at = 0;
      for (let i = 0; ; i++) {
        const bracket = rounds[i % rounds.length];
        const members = trials.slice(at, at + bracket[0].trials);
        const next = promotion(bracket, members);
        if (next) return next;
        if (members.length < bracket[0].trials) {
          return canStart ? { kind: "start", budget: bracket[0].budget } : undefined;
        }
        at += bracket[0].trials;
      }
    },
  };
}

function promotion(bracket: Bracket, members: readonly Progress[]) {
  for (let k = 0; k + 1 < bracket.length; k++) {
    const { trials, budget } = bracket[k];
    const ended = members.filter((trial) => trial.at(budget) !== undefined);
    if (ended.length < trials) return undefined;
    const top = ended.sort(byCost(budget)).slice(0, bracket[k + 1].trials);
    const next = top.find((trial) => trial.state === "paused" && trial.budget === budget);
    if (next) return { kind: "resume" as const, id: next.id, budget: bracket[k + 1].budget };
  }
  return undefined;
}
