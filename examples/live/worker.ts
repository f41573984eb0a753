// Trains in a worker, so that the page never waits: between steps it answers what the page asks,
// and it goes on from the same place on another device, also when the GPU is lost.

import { device as current, type Device, graphPage, init } from "hypergrad";
import { characters, tell } from "./characters";
import { type Checkpoint, decode, encode } from "./checkpoint";
import type { Problem } from "./problem";
import { optimizer, rates } from "./quadratics";
import { type Outcome, Run } from "./runs";
import type { Answer, Drawings, Frame, ProblemName, Progress, Request, Settings } from "./settings";
import { sines } from "./sines";

const problems: Readonly<Record<ProblemName, () => Problem>> = {
  ...{ sines, characters, rates, optimizer },
};

const scope = globalThis as unknown as {
  onmessage: (event: { data: Request }) => void;
  postMessage(answer: Answer, transfer?: Transferable[]): void;
};

const send = (answer: Answer) => scope.postMessage(answer);

/** Milliseconds between frames, and the steps after which all arrays are kept against the loss of
 * the device: what was done since is done again. */
const [FRAME_MS, KEEP_EVERY] = [100, 25];

let settings: Settings;
let problem: Problem;
let runs: Run[] = [];
let step = 0;
let running = false;
let kept: Checkpoint;
/** Outcomes since the last frame, by order. */
const since = new Map<1 | 2, Outcome[]>();
let [stepMs, pictureMs, framedAt, picturedAt] = [0, 0, 0, Number.NEGATIVE_INFINITY];

const ordersOf = (order: Settings["order"]): (1 | 2)[] =>
  order === "both" ? [2, 1] : [Number(order) as 1 | 2];

/** Opens the device that is asked for; where a GPU is not to be had, says so and takes WASM. */
async function open(): Promise<void> {
  let made: Device;
  try {
    made = await init({ device: settings.device });
  } catch (error) {
    send({ type: "notice", text: `${(error as Error).message} Training on WASM.`, bad: true });
    made = await init({ device: "wasm" });
  }
  made.lost.then((reason) => {
    if (made === current()) lost.push(reason);
  });
}

/** Reasons of devices that were lost and not yet replaced. */
const lost: string[] = [];

/** Everything anew on the current device, from a checkpoint or from the start. */
function build(from: Checkpoint | null): void {
  problem = problems[settings.problem]();
  runs = ordersOf(settings.order).map((order) => {
    const own = from?.runs.find((run) => run.order === order) ?? null;
    return new Run(problem, order, settings.seed, own === null ? null : own.arrays);
  });
  step = from?.step ?? 0;
  since.clear();
  picturedAt = Number.NEGATIVE_INFINITY;
  const { name, info } = current();
  send({ type: "ready", device: name, reason: info.reason, about: problem.about });
}

async function checkpoint(): Promise<Checkpoint> {
  const saved = runs.map(async (run) => ({ order: run.order, arrays: await run.arrays() }));
  return { settings, step, runs: await Promise.all(saved) };
}

async function takeStep(): Promise<void> {
  const start = performance.now();
  for (const run of runs) {
    const outcome = await run.step(step);
    const list = since.get(run.order);
    if (list === undefined) since.set(run.order, [outcome]);
    else list.push(outcome);
  }
  const took = performance.now() - start;
  stepMs = stepMs === 0 ? took : 0.9 * stepMs + 0.1 * took;
  step++;
  if (step % KEEP_EVERY === 0) kept = await checkpoint();
}

/** What the page shows. The picture takes at most a fifth of the time, but for the first, which may
 * have baselines to find. */
async function frame(always: boolean): Promise<void> {
  const now = performance.now();
  if (!always && now - framedAt < FRAME_MS) return;
  framedAt = now;
  const progress: Progress[] = [...since].map(([order, outcomes]) => ({
    order,
    losses: outcomes.map(({ loss }) => loss),
    norms: outcomes[outcomes.length - 1].norms,
  }));
  since.clear();
  let [picture, accuracy]: [Frame["picture"], Frame["accuracy"]] = [null, null];
  if (always || now - picturedAt > 5 * pictureMs) {
    const [{ learner, state }] = runs;
    picture = await problem.picture(learner, state);
    accuracy = (await problem.accuracy?.(learner, state)) ?? null;
    picturedAt = performance.now();
    pictureMs = Math.min(picturedAt - now, 400);
  }
  const { bytes, peakBytes } = current().memory();
  send({
    type: "frame",
    frame: { step, progress, picture, accuracy, stepMs, bytes, peakBytes },
  });
}

/** After a lost device: the same run from the last kept place, on what `init` gives now. */
async function recover(reason: string): Promise<void> {
  lost.length = 0;
  const wanted = step;
  await open();
  build(kept);
  const text = `The device was lost (${reason}). Going on at step ${wanted} on ${current().name}.`;
  while (step < wanted) await takeStep();
  since.clear(); // the page has them
  send({ type: "notice", text, bad: true });
}

async function guarded(act: () => Promise<void>): Promise<void> {
  try {
    if (lost.length > 0) await recover(lost[0]);
    await act();
  } catch (error) {
    await new Promise((done) => setTimeout(done)); // the loss is told after the error
    try {
      if (lost.length === 0) throw error;
      await recover(lost[0]);
      await act();
    } catch (last) {
      running = false;
      send({ type: "running", running });
      send({ type: "notice", text: (last as Error).message, bad: true });
    }
  }
}

async function change(next: Settings, from: Checkpoint | null): Promise<void> {
  const old = runs.length > 0 ? current() : null;
  settings = next;
  await open();
  old?.dispose();
  build(from);
  kept = await checkpoint();
  await frame(true);
}

async function told({ support, query }: Drawings): Promise<void> {
  const [{ learner, state }] = runs;
  send({ type: "told", steps: await tell(learner, state, { support, query }) });
}

async function takeAndShow(): Promise<void> {
  await takeStep();
  await frame(true);
}

async function answer(request: Request): Promise<void> {
  if (request.type === "start") {
    await change(request.settings, null);
    running = request.running;
    send({ type: "running", running });
  } else if (request.type === "device" || request.type === "order") {
    const at = await checkpoint();
    const { device = settings.device, order = settings.order } = request as Partial<Settings>;
    // A run that was not there yet goes on from the one that was.
    const of = (wanted: 1 | 2) => at.runs.find((run) => run.order === wanted) ?? at.runs[0];
    const from = ordersOf(order).map((wanted) => ({ ...of(wanted), order: wanted }));
    await change({ ...settings, device, order }, { ...at, runs: from });
  } else if (request.type === "run" || request.type === "pause") {
    running = request.type === "run";
    send({ type: "running", running });
  } else if (request.type === "save") {
    const bytes = encode(await checkpoint());
    send({ type: "saved", bytes, name: `${settings.problem}-${step}.safetensors` });
  } else if (request.type === "load") {
    const from = decode(request.bytes);
    await change({ ...from.settings, device: settings.device }, from);
    send({ type: "loaded", settings, step });
  } else if (request.type === "graph") {
    const view = await runs[0].graph(step);
    const title = `One step of “${settings.problem}” on ${current().name}`;
    send({ type: "graph", html: graphPage(view, { title }) });
  } else if (request.type === "tell") await told(request.drawings);
  else await takeAndShow();
}

const asked: Request[] = [];
let turning = false;

/** Requests first, then a step; then the thread is free for the next message. */
async function turn(): Promise<void> {
  if (turning) return;
  turning = true;
  while (asked.length > 0 || running) {
    const request = asked.shift();
    if (request !== undefined) await guarded(() => answer(request));
    else {
      await guarded(async () => {
        await takeStep();
        await frame(false);
      });
    }
    await new Promise((done) => setTimeout(done));
  }
  turning = false;
}

scope.onmessage = ({ data }) => {
  asked.push(data);
  void turn();
};
