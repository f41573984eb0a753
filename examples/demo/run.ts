// A run: every order and seed trained in turn, then all judged on the same test tasks. It can stop
// between any two meta-steps and go on later with the same bits.

import type { Checkpoint, Phase } from "./checkpoint";
import { columnsOf, evaluate, type Row, summarize } from "./evaluate";
import { createLearner, type Learner } from "./learn";
import type { Settings } from "./options";
import type { Progress } from "./progress";
import type { HostTask, Tasks } from "./tasks";

/** Thrown when a run was asked to stop; all that is needed to go on is in its checkpoint. */
export class Stopped extends Error {}

/** Scores of the score curve: how many along a training, each over how many tasks. */
const MARKS = 30;
const MARK_TASKS = 24;
const MARK_FROM = 2 ** 32; // task numbers that training never reaches

/** Lets signals and the terminal have their turn: WASM steps alone never leave the event loop
 * free. */
const turn = () =>
  new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });

/** How a run shows where it is: a title, steps in all, and those done already. */
export type Show = (title: string, total: number, from?: number) => Progress;

const silent: Show = () => ({ update() {}, stop() {} });

export interface Result {
  rows: Row[];
  /** The learners, for pictures: second order (or first, when only that was trained), scratch. */
  best: Learner;
  scratch: Learner;
}

/** The phases of a run before its first step: all seeds of an order, then the next order. */
export function phasesOf({ orders, seed, seeds }: Settings): Phase[] {
  return orders.flatMap((order) =>
    Array.from({ length: seeds }, (_, i) => ({
      ...{ order, seed: seed + i, done: 0, loss: [], score: [], seconds: 0, arrays: null },
    })),
  );
}

/** Trains what is left of every phase, then tests. `stop` is asked between steps; when it says yes,
 * the checkpoint is brought up to date and Stopped is thrown. */
export async function run(
  run: Checkpoint,
  tasks: Tasks,
  stop: () => boolean,
  show: Show = silent,
): Promise<Result> {
  const { settings, phases } = run;
  const around = { settings, tasks, stop, show };
  for (const phase of phases) if (phase.done < settings.iterations) await train(phase, around);
  return test(phases, around);
}

interface Around {
  readonly settings: Settings;
  readonly tasks: Tasks;
  readonly stop: () => boolean;
  readonly show: Show;
}

async function train(phase: Phase, { settings, tasks, stop, show }: Around): Promise<void> {
  const { order, seed } = phase;
  const { iterations, metaBatch, seeds } = settings;
  const learner = createLearner(settings, order, seed, phase.arrays);
  const stream = tasks.train(seed);
  const name = `order ${order}${seeds > 1 ? `, seed ${seed}` : ""}`;
  const bar = show(name, iterations, phase.done);
  const before = phase.seconds;
  const start = performance.now();
  const count = Math.min(MARK_TASKS, settings.testTasks);
  const every = Math.max(1, Math.round(iterations / MARKS));
  let recent = Number.NaN;
  while (phase.done < iterations && !stop()) {
    await turn();
    const first = phase.done * metaBatch;
    const loss = await learner.step(Array.from({ length: metaBatch }, (_, i) => stream(first + i)));
    phase.loss.push(loss);
    phase.done++;
    if (phase.done % every === 0 || phase.done === iterations) {
      phase.score.push([phase.done, await meanScore(learner, count, stream, [settings.steps])]);
    }
    recent = Number.isFinite(recent) ? 0.95 * recent + 0.05 * loss : loss;
    bar.update(phase.done, note(recent, phase, tasks));
  }
  bar.stop();
  phase.seconds = before + (performance.now() - start) / 1000;
  phase.arrays = await learner.arrays();
  learner.dispose();
  if (phase.done < iterations) throw new Stopped();
}

/** Mean score, after so many inner steps, on `count` tasks of the training classes that training
 * does not see. */
async function meanScore(
  learner: Learner,
  count: number,
  stream: (index: number) => HostTask,
  steps: readonly number[],
): Promise<number> {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const [score] = (await learner.test(stream(MARK_FROM + i), steps)).scores;
    sum += score;
  }
  return sum / count;
}

function note(loss: number, phase: Phase, { measure }: Tasks): string {
  const last = phase.score.at(-1)?.[1];
  const shown = measure === "accuracy" ? `${(100 * (last ?? 0)).toFixed(1)} %` : last?.toFixed(3);
  return `loss ${loss.toFixed(3)}  ${measure} ${last === undefined ? "--" : shown}`;
}

async function test(
  phases: readonly Phase[],
  { settings, tasks, stop, show }: Around,
): Promise<Result> {
  const { seed, seeds, testTasks } = settings;
  const runs = { 2: [] as number[][][], 1: [] as number[][][], scratch: [] as number[][][] };
  const bar = show("testing", testTasks * (phases.length + seeds));
  let done = 0;
  const judge = (learner: Learner) =>
    evaluate(learner, tasks, settings, async () => {
      await turn();
      if (stop()) throw new Stopped();
      bar.update(++done, "");
    });
  let best: Learner | undefined;
  let scratch: Learner | undefined;
  let label = "";
  try {
    for (const { order, seed, arrays } of phases) {
      const learner = createLearner(settings, order, seed, arrays);
      runs[order].push(await judge(learner));
      best ??= learner;
      if (best !== learner) learner.dispose();
    }
    const rate = await scratchRate(settings, tasks);
    label = `from scratch, rate ${rate}`;
    for (let i = 0; i < seeds; i++) {
      const learner = createLearner({ ...settings, innerLr: rate }, 1, seed + i, null);
      runs.scratch.push(await judge(learner));
      scratch ??= learner;
      if (scratch !== learner) learner.dispose();
    }
  } finally {
    bar.stop();
  }
  const row = (label: string, list: number[][][]): Row => ({
    label,
    cells: list.length > 0 ? summarize(list, tasks.measure) : null,
  });
  const rows = [
    row("second order", runs[2]),
    row("first order", runs[1]),
    row(label, runs.scratch),
  ];
  return { rows, best: best as Learner, scratch: scratch as Learner };
}

/** The inner rate that serves fresh weights best: the learners' own, or a smaller one, by tasks of
 * the training classes. A baseline without it would look worse than it is. */
async function scratchRate(settings: Settings, tasks: Tasks): Promise<number> {
  const stream = tasks.train(settings.seed);
  const steps = columnsOf(settings).slice(-1);
  const count = Math.min(MARK_TASKS, settings.testTasks);
  const sign = tasks.measure === "accuracy" ? 1 : -1;
  let best = { rate: settings.innerLr, score: Number.NEGATIVE_INFINITY };
  for (const share of [1, 0.3, 0.1, 0.03, 0.01]) {
    const rate = Number((settings.innerLr * share).toPrecision(3));
    const learner = createLearner({ ...settings, innerLr: rate }, 1, settings.seed, null);
    const score = sign * (await meanScore(learner, count, stream, steps));
    learner.dispose();
    if (score > best.score) best = { rate, score };
  }
  return best.rate;
}
