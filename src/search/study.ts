// A study: trials asked and told. All its state is its trials, and every decision is a function of
// them and the seed: restored from JSON, it asks the same next trials.

import { HypergradError, ValueError } from "../core/errors";
import { optionsOf } from "../core/options";
import { stream } from "../core/random";
import { type Entry, loadEntry, reportAt, saveEntry, stepOf } from "./entry";
import { type Code, decode, encode, type Layout, layoutOf } from "./layout";
import type { Earlier, History, Observation, Sampler } from "./sampler";
import {
  checkSaved,
  type Direction,
  loadEarlier,
  type StudyJSON,
  saveEarlier,
  takeEarlier,
  warmPoints,
} from "./saved";
import type { Decision, Progress, Scheduler, TrialState } from "./scheduler";
import type { Params, Space } from "./space";

export interface StudyOptions<S extends Space> {
  readonly sampler: Sampler;
  /** Gives trials budgets, and decides which are continued. */
  readonly scheduler?: Scheduler;
  readonly seed: number;
  /** What is wanted of the values told (default "minimize"). */
  readonly direction?: Direction;
  /** False for params that must not be asked. */
  readonly constraint?: (params: Params<S>) => boolean;
  /** Earlier studies: their best trials are asked first, and `gp` learns from all of them. */
  readonly warmStart?: readonly StudyJSON[];
}

/** What is to be run and told. */
export interface Ask<S extends Space> {
  readonly id: number;
  readonly params: Params<S>;
  /** Under a scheduler: train up to this many steps in all … */
  readonly budget?: number;
  /** … from this many, which the trial (or the one it is copied from) has already; 0 if new. */
  readonly step?: number;
  /** Begin with the weights that this trial had when last told. */
  readonly from?: number;
}

export interface Trial<S extends Space> {
  readonly id: number;
  readonly params: Params<S>;
  /** paused: it may be continued; failed: a value was not finite; stopped: a copy replaced it. */
  readonly state: TrialState;
  /** Told at the end or at the last budget reached; of a failed trial what was told last. */
  readonly value?: number;
  /** Steps it had trained for when its last run ended. */
  readonly step: number;
  /** All that was told with a step. */
  readonly reports: readonly { readonly step: number; readonly value: number }[];
  readonly budget?: number;
  readonly from?: number;
}

const OPTIONS = [
  ...(["sampler", "scheduler", "seed", "direction", "constraint", "warmStart"] as const),
];

/** Made by `study`. */
export class Study<S extends Space> {
  readonly space: S;
  readonly direction: Direction;
  readonly #options: StudyOptions<S>;
  readonly #layout: Layout;
  #earlier: readonly Earlier[];
  #warm: readonly Code[];
  #entries: Entry[] = [];
  #asks = 0;
  #ended = 0;

  constructor(space: S, options: StudyOptions<S>) {
    optionsOf("study", options, OPTIONS);
    const { sampler, direction = "minimize", seed, warmStart = [] } = options;
    this.#layout = layoutOf(space);
    stream(seed); // throws for a seed that is none
    if (typeof sampler?.propose !== "function") {
      throw new ValueError(
        `study: sampler is none: got ${typeof sampler}. Use a value such as tpe().`,
      );
    }
    if (direction !== "minimize" && direction !== "maximize") {
      throw new ValueError(
        `study: unknown direction: ${String(direction)}. Use "minimize" or "maximize".`,
      );
    }
    this.space = space;
    this.direction = direction;
    this.#options = options;
    this.#earlier = takeEarlier(this.#layout, warmStart, seed);
    this.#warm = warmPoints(this.#earlier, this.#allowed);
  }

  #allowed = (code: Code): boolean => {
    const { constraint } = this.#options;
    return constraint === undefined || constraint(decode(this.#layout, code) as Params<S>);
  };

  /**
   * The next trial to run: a new one, or one to continue. Several may be asked before one is told.
   * Undefined when there is nothing to do before a running trial is told or, with none running, at
   * all. With `start: false` only trials that exist are continued.
   */
  ask({ start = true }: { readonly start?: boolean } = {}): Ask<S> | undefined {
    const { scheduler, seed } = this.#options;
    const random = stream(seed, this.#entries.length);
    const next = (canStart: boolean): Decision | undefined => {
      if (!scheduler) return canStart ? { kind: "start", budget: NaN } : undefined;
      const [trials, layout] = [this.#entries.map((entry) => this.#progress(entry)), this.#layout];
      return scheduler.next({ trials, canStart, layout, random, allowed: this.#allowed });
    };
    let decision = next(start);
    if (decision?.kind === "start") {
      const code = this.#propose();
      if (code) return this.#begin(code, scheduler && decision.budget);
      decision = next(false);
    }
    if (decision === undefined || decision.kind === "start") return undefined;
    if (decision.kind === "resume") {
      const entry = this.#entries[decision.id];
      entry.start = stepOf(entry);
      entry.asked = this.#asks++;
      entry.state = "running";
      entry.budget = decision.budget;
      return this.#asked(entry);
    }
    if (decision.stop !== undefined) this.#entries[decision.stop].state = "stopped";
    return this.#begin(decision.code, decision.budget, decision.from);
  }

  #propose(): Code | undefined {
    const index = this.#entries.filter(({ from }) => from === undefined).length;
    if (index < this.#warm.length) return this.#warm[index];
    return this.#options.sampler.propose({
      layout: this.#layout,
      random: stream(this.#options.seed, this.#entries.length),
      index: index - this.#warm.length,
      history: (least) => this.#history(least),
      earlier: this.#earlier,
      allowed: this.#allowed,
    });
  }

  #begin(code: Code, budget?: number, from?: number): Ask<S> {
    const params = decode(this.#layout, code);
    const entry: Entry = {
      id: this.#entries.length,
      params,
      code: encode(this.#layout, params, () => NaN), // as it will be when restored
      state: "running",
      reports: [],
      start: from === undefined ? 0 : stepOf(this.#entries[from]),
      asked: this.#asks++,
      budget,
      from,
    };
    this.#entries.push(entry);
    return this.#asked(entry);
  }

  #asked(entry: Entry): Ask<S> {
    const { id, budget, from, reports, start } = entry;
    const params = { ...entry.params } as Params<S>;
    if (budget === undefined) return { id, params };
    // Weights are copied once: a copy that is continued has its own.
    const copied = from !== undefined && reports.length === 0 ? { from } : {};
    return { id, params, budget, step: start, ...copied };
  }

  /**
   * Tells a running trial's value. Without a step (or with step = budget) its run ends; a step
   * before that reports how it goes, which no decision knows before the run has ended. A value
   * that is not finite ends it as failed: it stays in `trials()` and counts as worse than all
   * others. Throws ValueError, and changes nothing, for a trial that was not asked or is not
   * running, a value that is no number, a step out of order.
   */
  tell(id: number, value: number, step?: number): Trial<S> {
    const entry = this.#running(id);
    if (typeof value !== "number") {
      throw new ValueError(
        `tell: the value is no number: got ${typeof value} for trial ${id}. Tell NaN if it failed.`,
      );
    }
    const last = entry.reports.at(-1)?.step ?? entry.start;
    if (step !== undefined && !(Number.isInteger(step) && step > last)) {
      throw new ValueError(
        `tell: the step is out of order: got ${step}, trial ${id} was at ${last}. ` +
          "Tell whole steps that grow.",
      );
    }
    if (step !== undefined && entry.budget !== undefined && step > entry.budget) {
      throw new ValueError(
        `tell: the step is beyond the budget: got ${step}, trial ${id} was asked up to ` +
          `${entry.budget}. Stop at the budget; ask() says which trial goes on.`,
      );
    }
    const at = step ?? entry.budget;
    if (at !== undefined) entry.reports.push({ step: at, value: value + 0 }); // + 0: no -0 in JSON
    const ends = step === undefined || step === entry.budget;
    if (!Number.isFinite(value)) this.#end(entry, value, "failed");
    else if (ends) {
      const { scheduler } = this.#options;
      this.#end(entry, value, scheduler && at! < scheduler.most ? "paused" : "done");
    }
    return this.#shown(entry);
  }

  #running(id: number): Entry {
    const entry = this.#entries[id];
    if (entry === undefined) {
      const count = this.#entries.length;
      const known = count === 0 ? "none was asked" : `asked were 0 to ${count - 1}`;
      throw new ValueError(`tell: no such trial: ${String(id)}; ${known}. Use an id from ask().`);
    }
    if (entry.state !== "running") {
      const value = entry.value === undefined ? "" : ` with value ${entry.value}`;
      throw new ValueError(
        `tell: trial ${id} is not running: it is ${entry.state}${value}. ` +
          "Tell each trial that ask() gives once.",
      );
    }
    return entry;
  }

  #end(entry: Entry, value: number, state: TrialState): void {
    entry.value = value + 0;
    entry.state = state;
    entry.order = this.#ended++;
  }

  #cost(value: number): number {
    if (!Number.isFinite(value)) return Infinity;
    return this.direction === "maximize" ? -value : value;
  }

  #progress(entry: Entry): Progress {
    const { id, code, state, budget = 0, from, value } = entry;
    const failed = state === "failed";
    const at = (wanted: number) => {
      const report = reportAt(entry, wanted);
      if (report && wanted <= budget) return this.#cost(report.value);
      return failed && wanted >= budget ? Infinity : undefined;
    };
    const cost = failed ? Infinity : value === undefined ? undefined : this.#cost(value);
    return { id, code, state, budget, step: stepOf(entry), from, cost, at };
  }

  #history(least: number): History {
    if (!this.#options.scheduler) return this.#historyOf(({ value }) => value);
    const budgets = new Set(this.#entries.map(({ budget }) => budget!));
    const histories = [...budgets]
      .sort((a, b) => b - a)
      .map((budget) =>
        this.#historyOf((entry) => {
          if (entry.state === "failed" && entry.budget! <= budget) return Infinity;
          return reportAt(entry, budget)?.value;
        }),
      );
    const most = Math.max(0, ...histories.map(({ told }) => told.length));
    const wanted = Math.min(least, most);
    return histories.find(({ told }) => told.length >= wanted) ?? { told: [], pending: [] };
  }

  #historyOf(value: (entry: Entry) => number | undefined): History {
    const told: Observation[] = [];
    const pending: Code[] = [];
    for (const entry of this.#entries) {
      const found = value(entry);
      if (found !== undefined) {
        told.push({ code: entry.code, value: this.#cost(found), order: entry.order ?? Infinity });
      } else if (entry.state === "running") pending.push(entry.code);
    }
    return { told, pending };
  }

  /** The trial with the best value (of equals the first); undefined when no value is finite. */
  best(): Trial<S> | undefined {
    let best: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.value === undefined || !Number.isFinite(entry.value)) continue;
      if (!best || this.#cost(entry.value) < this.#cost(best.value!)) best = entry;
    }
    return best && this.#shown(best);
  }

  /** All trials in the order asked. */
  trials(): Trial<S>[] {
    return this.#entries.map((entry) => this.#shown(entry));
  }

  /** The running trials as ask() gave them and in that order, for one who lost their runs: what
   * these reported is forgotten. */
  lost(): Ask<S>[] {
    const running = this.#entries.filter(({ state }) => state === "running");
    for (const { reports, start } of running) {
      while (reports.length > 0 && reports[reports.length - 1].step > start) reports.pop();
    }
    return running.sort((a, b) => a.asked - b.asked).map((entry) => this.#asked(entry));
  }

  #shown(entry: Entry): Trial<S> {
    const { id, state, value, budget, from } = entry;
    const reports = entry.reports.map((report) => ({ ...report }));
    const params = { ...entry.params } as Params<S>;
    return { id, params, state, step: stepOf(entry), value, reports, budget, from };
  }

  /** The whole state, as plain JSON. */
  toJSON(): StudyJSON {
    const trials = this.#entries.map(saveEntry);
    const earlier = saveEarlier(this.#layout, this.#earlier);
    return structuredClone({ ...this.#identity(), earlier, trials });
  }

  #identity() {
    const { seed, sampler, scheduler, constraint } = this.#options;
    return {
      version: 1 as const,
      space: this.space,
      seed,
      direction: this.direction,
      constrained: constraint !== undefined,
      sampler: { name: sampler.name, options: sampler.options },
      scheduler: scheduler ? { name: scheduler.name, options: scheduler.options } : null,
    };
  }

  /**
   * Takes over a saved study, earlier trials and warm start included, and returns this one: it then
   * asks what the saved one would have asked. Throws HypergradError, and changes nothing, unless
   * space, seed, direction, sampler and scheduler are those it was saved with.
   */
  fromJSON(json: StudyJSON): this {
    checkSaved("fromJSON", json);
    for (const [name, value] of Object.entries(this.#identity())) {
      const [here, saved] = [value, json[name as keyof StudyJSON]].map((x) => JSON.stringify(x));
      if (here === saved) continue;
      throw new HypergradError(
        `fromJSON: ${name} differs: ${here} here, ${saved} in the saved study. ` +
          "Make the study with the options it was saved with.",
      );
    }
    const entries = json.trials.map((trial, id) =>
      loadEntry(trial, id, (params) => encode(this.#layout, params, () => NaN)),
    );
    this.#earlier = loadEarlier(this.#layout, json.earlier);
    this.#warm = warmPoints(this.#earlier, this.#allowed);
    this.#entries = entries;
    this.#asks = this.#entries.reduce((n, { asked }) => Math.max(n, asked + 1), 0);
    this.#ended = this.#entries.reduce((n, { order = -1 }) => Math.max(n, order + 1), 0);
    return this;
  }
}

/**
 * A search for the best params of a space: `ask()` what to try, `tell(id, value)` how it went.
 * Throws ValueError for a space that makes no sense.
 */
export function study<const S extends Space>(space: S, options: StudyOptions<S>): Study<S> {
  return new Study(space, options);
}
