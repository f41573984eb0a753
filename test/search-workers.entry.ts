// Suite: studies whose trials are trainings in workers, in any runtime; this module is its own
// worker's, too.

import { inNode, load } from "../src/core/node";
import { refillTree, treeArrays } from "../src/data/save";
import { setDevice } from "../src/device/current";
import { wasmDevice } from "../src/device/wasm/device";
import { valueAndGrad } from "../src/grad/index";
import { dropout } from "../src/nn/dropout";
import { linear } from "../src/nn/linear";
import { sequential } from "../src/nn/sequential";
import { relu } from "../src/ops/activation";
import { sub } from "../src/ops/arithmetic";
import { square } from "../src/ops/math";
import { key, normal } from "../src/ops/random";
import { mean } from "../src/ops/reduce";
import { adam } from "../src/optim/adam";
import { compile } from "../src/program/compile";
import {
  asha,
  float,
  hyperband,
  integer,
  type Objective,
  optimize,
  pbt,
  type Run,
  random,
  type Scheduler,
  type StudyJSON,
  serveTrials,
  study,
  type TrialWorker,
  tpe,
  trialWorkers,
} from "../src/search/index";
import { dispose, scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import type { Tree } from "../src/tensor/tree";

const space = { lr: float(1e-3, 0.1, { log: true }), units: integer(4, 12) };
type Space = typeof space;

export interface Outcome {
  readonly study: StudyJSON;
  readonly lost: readonly { readonly id: number; readonly reason: string }[];
}

export interface Result {
  /** By scheduler: in this thread, and with 1, 2 and 3 workers. */
  readonly studies: Readonly<Record<string, readonly StudyJSON[]>>;
  /** Of a study whose third trial's worker dies. */
  readonly dying: Outcome;
  /** What a throwing objective, and a module that is none, come to. */
  readonly errors: readonly string[];
}

const MARK = "#trials";

type State = { params: Tree; optimizer: Tree };
type Arrays = Awaited<ReturnType<typeof treeArrays>>;

/** Trains with dropout and Adam from the run's state, and leaves its own. */
const train: Objective<Space> = async ({ lr, units }, { step = 0, budget = 3, state }) => {
  const net = sequential(linear(5, units), relu, dropout(0.2), linear(units, 1));
  const optimizer = adam({ lr });
  const [x, y] = scope(() => [normal(key(1), [16, 5]), normal(key(2), [16, 1])]);
  const loss = (p: Tree, random?: Tensor) =>
    mean(square(sub(net.apply(p as never, x, { key: random }), y)));
  const move = compile((s: State, random: Tensor): State => {
    const [, grads] = valueAndGrad((p: Tree) => loss(p, random))(s.params);
    const [params, next] = optimizer.update(grads, s.optimizer as never, s.params);
    return { params, optimizer: next as Tree };
  });
  let now = scope((): State => {
    const params = net.init(key(3));
    const first = { params, optimizer: optimizer.init(params as never) as Tree };
    return state === undefined ? first : (refillTree(first, state as Arrays) as State);
  });
  for (let k = step; k < budget; k++) {
    const random = key(100 + k);
    const next = move(now, random);
    dispose({ now, random } as unknown as Tree);
    now = next;
  }
  const value = scope(() => loss(now.params));
  const found = { value: await value.item(), state: await treeArrays(now) };
  dispose({ now, value, x, y } as unknown as Tree);
  move.dispose();
  return found;
};

async function device(): Promise<void> {
  setDevice(await wasmDevice({ threads: 1, simd: "plain" }));
}

/** What the workers run: with pauses by chance, and a death where the space asks for one. */
const serve = async () => {
  await device();
  await serveTrials<Space>(async (params, run) => {
    await new Promise((resolve) => setTimeout(resolve, 5 * Math.random()));
    const { end } = params as { end?: string };
    if (end === "throws") throw new RangeError("as it was told");
    if (end === "dies" && run.id === 2) {
      setTimeout(() => {
        throw new Error("out of luck");
      });
      return new Promise(() => {});
    }
    return train(params, run);
  });
};

const threads = inNode()
  ? await load<typeof import("node:worker_threads")>("node:worker_threads")
  : undefined;

/** Starts a worker of the module at a URL. */
function start(url: string): TrialWorker {
  const at = new URL(url, import.meta.url);
  if (typeof Worker !== "undefined") return new Worker(at, { type: "module" });
  return new threads!.Worker(at, { execArgv: [], stderr: true });
}

const schedulers: Readonly<Record<string, Scheduler>> = {
  asha: asha({ max: 9 }),
  hyperband: hyperband({ max: 9 }),
  pbt: pbt({ population: 4, interval: 2, max: 6, fixed: ["units"] }),
};

export default async function run(): Promise<Result> {
  await device();
  const studied = async (scheduler: Scheduler, objective: Objective<Space>) => {
    const made = study(space, { sampler: tpe({ start: 3 }), scheduler, seed: 4 });
    return (await optimize(made, objective, { trials: 9, parallel: 4 })).toJSON();
  };
  const studies: Record<string, StudyJSON[]> = {};
  for (const [name, scheduler] of Object.entries(schedulers)) {
    studies[name] = [await studied(scheduler, train)];
    for (const count of [1, 2, 3]) {
      const workers = trialWorkers<Space>({ start: () => start(MARK), count });
      studies[name].push(await studied(scheduler, workers.objective));
      workers.close();
    }
  }

  const ending = async (end: string, mark = MARK): Promise<Outcome> => {
    const workers = trialWorkers<Space>({ start: () => start(mark), count: 2 });
    const made = study(space, { sampler: random(), seed: 5 });
    // What a worker does with the params is its own affair; the study does not know of `end`.
    const objective = (params: object, given: Run<Space>) =>
      workers.objective(params as never, { ...given, params: { ...given.params, end } as never });
    try {
      await optimize(made, objective, { trials: 6, parallel: 2 });
    } finally {
      workers.close();
    }
    return { study: made.toJSON(), lost: workers.lost };
  };
  const error = (e: Error) => `${e.name}: ${e.message}`;
  const errors = [
    await ending("throws").catch(error),
    await ending("", "./no-such-module.mjs").catch(error),
    await serveTrials(train).catch(error),
  ] as string[];
  return { studies, dying: await ending("dies"), errors };
}

// Node's workers do not see the mark.
if (import.meta.url.endsWith(MARK) || threads?.isMainThread === false) await serve();
