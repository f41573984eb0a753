// Asynchronous successive halving (Li et al., MLSys 2020): a free worker continues the best paused
// trial of the highest rung that allows it, and starts a new trial only when none does.

import { ValueError } from "../core/errors";
import { needWhole, optionsOf } from "../core/options";
import { byCost, type Scheduler } from "./scheduler";

export interface AshaOptions {
  /** Steps of the first rung (default 1). */
  readonly min?: number;
  /** No rung has more steps. */
  readonly max: number;
  /** Each rung has eta times the steps of the one below and takes 1 / eta of its trials. */
  readonly eta?: number;
}

/** Rungs of min · eta^k steps, up to max. Throws ValueError unless 1 <= min <= max, eta >= 2, all
 * whole. */
export function asha(options: AshaOptions): Scheduler {
  const { min = 1, max, eta = 3 } = optionsOf("asha", options, ["min", "max", "eta"]);
  needWhole("asha", { min, max }, 1);
  needWhole("asha", { eta }, 2);
  if (min > max) {
    throw new ValueError(`asha: min is above max: ${min} > ${max}. Give min <= max.`);
  }
  const rungs = [min];
  while (rungs[rungs.length - 1] * eta <= max) rungs.push(rungs[rungs.length - 1] * eta);
  return {
    name: "asha",
    options: { min, max, eta },
    most: rungs[rungs.length - 1],
    next({ trials, canStart }) {
      for (let k = rungs.length - 2; k >= 0; k--) {
        const ended = trials.filter((trial) => trial.at(rungs[k]) !== undefined);
        const top = ended.sort(byCost(rungs[k])).slice(0, Math.floor(ended.length / eta));
        const next = top.find(({ state, budget }) => state === "paused" && budget === rungs[k]);
        if (next) return { kind: "resume", id: next.id, budget: rungs[k + 1] };
      }
      return canStart ? { kind: "start", budget: rungs[0] } : undefined;
    },
  };
}
