// Trials in workers of Node, Deno and pages: a pool that runs each on a free one, and what a worker
// runs; which worker it is changes nothing, and one that dies costs its trial, never the study.

import { HypergradError } from "../core/errors";
import { inNode, load } from "../core/node";
import { needWhole } from "../core/options";
import { goesOn, type Objective, type Run, type Trained } from "./optimize";
import type { Params, Space } from "./space";

/** A `Worker` of a page or of Deno, or one of `node:worker_threads`. */
export interface TrialWorker {
  postMessage(message: unknown): void;
  terminate(): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the two kinds' events have no type in common
  addEventListener?(type: string, listener: (event: any) => void): void;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  on?(event: string, listener: (value: any) => void): unknown;
}

export interface TrialWorkersOptions {
  /** Starts a worker whose module calls `serveTrials`: in a page and in Deno
   * `() => new Worker(new URL("./trial.js", import.meta.url), { type: "module" })`. */
  readonly start: () => TrialWorker;
  /** How many there are at a time. */
  readonly count: number;
}

/** A worker that died, and the trial that it was at. */
export interface LostTrial {
  readonly id: number;
  readonly reason: string;
}

export interface TrialWorkers<S extends Space> {
  /** For `optimize`: runs a trial on a free worker, and waits for one where there is none. When the
   * worker dies the trial has failed, and another takes its place. */
  readonly objective: Objective<S>;
  /** Trials whose workers died. */
  readonly lost: readonly LostTrial[];
  /** Ends the workers. */
  close(): void;
}

type Task = Omit<Run<Space>, "report">;
type Said =
  | { readonly kind: "ready" }
  | { readonly kind: "report"; readonly value: number; readonly step: number }
  | { readonly kind: "ended"; readonly found: number | Trained }
  | { readonly kind: "threw"; readonly name: string; readonly message: string };

/** A worker that is ready, until it dies or is ended. */
interface Hand {
  readonly dead: string | undefined;
  /** Rejects with what the objective threw; resolves to null when the worker dies. */
  run(task: Task, report: Run<Space>["report"]): Promise<number | Trained | null>;
  end(): void;
}

/**
 * Workers for the trials of a study. States that trials return are copied between them, as by
 * `structuredClone`: arrays of numbers, such as those of `treeArrays`, no tensors. Workers start
 * when they are first needed; one that does not start is an error of the objective. A death is what
 * the runtime tells: pages and Deno say nothing of a worker that closes itself.
 * Throws ValueError for a count below 1.
 */
export function trialWorkers<S extends Space>(options: TrialWorkersOptions): TrialWorkers<S> {
  const { start, count } = options;
  needWhole("trialWorkers", { count }, 1);
  type Slot = { hand?: Hand };
  const free: Slot[] = Array.from({ length: count }, () => ({}));
  const slots = [...free];
  const waiting: ((slot: Slot) => void)[] = [];
  const lost: LostTrial[] = [];
  return {
    lost,
    async objective(_, { report, ...task }) {
      const slot = free.pop() ?? (await new Promise<Slot>((resolve) => waiting.push(resolve)));
      try {
        if (slot.hand?.dead !== undefined) slot.hand = undefined;
        slot.hand ??= await begin(start());
        const found = await slot.hand.run(task, report);
        if (found !== null) return found;
        lost.push({ id: task.id, reason: slot.hand.dead! });
        return NaN;
      } finally {
        const next = waiting.shift();
        if (next !== undefined) next(slot);
        else free.push(slot);
      }
    },
    close() {
      for (const { hand } of slots) hand?.end();
    },
  };
}

/** Both kinds of workers as one: what they say, and why they died. */
function attend(worker: TrialWorker, hear: (said: Said) => void, died: (why: string) => void) {
  if (worker.on !== undefined) {
    worker.on("message", hear);
    worker.on("error", (error: Error) => died(error.message));
    worker.on("exit", (code: number) => died(`it ended with code ${code}`));
    return;
  }
  worker.addEventListener?.("message", (event: { data: Said }) => hear(event.data));
  worker.addEventListener?.("error", (event: ErrorEvent) => {
    event.preventDefault(); // it is dealt with here
    died(event.message ?? "its module cannot be loaded");
  });
}

/** Resolves once a worker is ready. Throws HypergradError when it dies before. */
function begin(worker: TrialWorker): Promise<Hand> {
  return new Promise((resolve, reject) => {
    let dead: string | undefined;
    let hear: (said: Said) => void = () => resolve(hand);
    let lose = (why: string) =>
      reject(
        new HypergradError(
          `trialWorkers: a worker does not start: ${why}. Check the module that start() names.`,
        ),
      );
    const died = (why: string) => {
      if (dead !== undefined) return;
      dead = why;
      worker.terminate(); // after an error a page's worker lives on
      lose(why);
    };
    const hand: Hand = {
      get dead() {
        return dead;
      },
      run: (task, report) =>
        new Promise((ended, failed) => {
          if (dead !== undefined) return ended(null);
          lose = () => ended(null);
          hear = (said) => {
            if (said.kind === "ended") ended(said.found);
            else if (said.kind === "threw") {
              failed(Object.assign(new Error(said.message), { name: said.name }));
            } else if (said.kind === "report") {
              try {
                report(said.value, said.step);
              } catch (error) {
                failed(error);
                died("what it reported was refused");
              }
            }
          };
          worker.postMessage(task);
        }),
      end: () => died("it was ended"),
    };
    attend(
      worker,
      (said) => hear(said),
      (why) => died(why),
    );
  });
}

/** The other end of a worker's messages, as seen from within. */
interface Port {
  post(said: Said): void;
  listen(hear: (task: Task) => void): void;
}

async function portHere(): Promise<Port> {
  const threads = inNode()
    ? await load<typeof import("node:worker_threads")>("node:worker_threads")
    : undefined;
  const parent = threads?.parentPort;
  if (parent) {
    return {
      post: (said) => parent.postMessage(said),
      listen: (hear) => void parent.on("message", hear),
    };
  }
  const scope = globalThis as unknown as {
    postMessage?(message: unknown): void;
    addEventListener(type: "message", listener: (event: { data: Task }) => void): void;
    document?: unknown;
  };
  if (scope.postMessage === undefined || scope.document !== undefined) {
    throw new HypergradError(
      "serveTrials: this is no worker. Call it in the module that trialWorkers starts.",
    );
  }
  return {
    post: (said) => scope.postMessage!(said),
    listen: (hear) => scope.addEventListener("message", ({ data }) => hear(data)),
  };
}

/**
 * In a worker: runs the trials that it is given, one after the other, each with a report that says
 * at once whether the run goes on. Throws HypergradError where this is no worker.
 */
export async function serveTrials<S extends Space>(objective: Objective<S>): Promise<void> {
  const port = await portHere();
  port.listen(async (task) => {
    let going = true;
    const report = (value: number, step: number): boolean => {
      if (going) port.post({ kind: "report", value, step });
      going &&= goesOn(task, value, step);
      return going;
    };
    try {
      const run = { ...task, report } as Run<S>;
      port.post({ kind: "ended", found: await objective(task.params as Params<S>, run) });
    } catch (thrown) {
      const { name = "Error", message = String(thrown) } = (thrown ?? {}) as Partial<Error>;
      port.post({ kind: "threw", name, message });
    }
  });
  port.post({ kind: "ready" });
}
