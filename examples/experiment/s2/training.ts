// A training whose settings may change while it runs: rate, batch size, dropout, weight decay. Its
// cost is counted in arithmetic, and it can be copied where it stands.

import {
  add,
  compile,
  crossEntropy,
  dispose,
  key,
  leaves,
  mapTree,
  mul,
  square,
  sub,
  sum,
  type Tensor,
  type Tree,
  tensor,
  valueAndGrad,
  zerosLike,
} from "hypergrad";
import type { Problem } from "../problems/problem";
import { type Bench, benchOf, ids, order } from "../problems/training";

export interface Settings {
  readonly rate: number;
  readonly batch: number;
  /** Whether dropout is on, at the one rate there is. */
  readonly drop: boolean;
  readonly decay: number;
}

export const BATCHES = [16, 32, 64] as const;
const DROPOUT = 0.25;
const MOMENTUM = 0.9;
const LOOK = 50; // examples of a look at the validation part, which they divide

/** Arithmetic spent, all trainings of a shop together. */
export interface Shop {
  readonly problem: Problem;
  spent(): number;
  /** Adds what was spent beside its trainings. */
  spend(flops: number): void;
  /** A training of so many examples in all. */
  begin(seed: number, total: number): Training;
  dispose(): void;
}

export interface Training {
  /** Trained on so far. */
  readonly examples: number;
  readonly total: number;
  /** Loss on some validation examples after the last `advance`. */
  readonly valid: number;
  /** What a controller sees, each number of about 1. */
  metrics(): readonly number[];
  settings: Settings;
  /** Trains on so many examples; false when it diverged. */
  advance(examples: number): Promise<boolean>;
  copy(): Training;
  /** Loss on the whole validation part, which is counted as all that chooses. */
  validate(): Promise<number>;
  /** On the test part, which nothing chooses by. */
  test(): Promise<{ loss: number; accuracy: number }>;
  dispose(): void;
}

export const START: Settings = { rate: 0.01, batch: 32, drop: false, decay: 1e-4 };

type State = { readonly params: Tree; readonly velocity: Tree };

export function shopOf(problem: Problem): Shop {
  const plain = benchOf(problem, { dropout: DROPOUT }); // which drops only where a key is given
  let flops = 0;
  const programs = new Map<boolean, ReturnType<typeof stepOf>>();
  const program = (drop: boolean) => {
    const known = programs.get(drop) ?? stepOf(plain, drop);
    programs.set(drop, known);
    return known;
  };
  const looked = compile((params: Tree, own: Tensor) => {
    const batch = plain.examples("valid", own);
    const logits = plain.net.apply(params, batch.x);
    return crossEntropy(logits, batch.y);
  });

  const looks = order(problem.valid.y.length, LOOK, 1);
  async function look(params: Tree, k: number): Promise<number> {
    const own = ids(looks(k));
    const loss = looked(params, own);
    flops += looked.stats().flops;
    const value = await loss.item();
    dispose({ own, loss });
    return value;
  }

  function make(state: State, seed: number, total: number, begun: Memory): Training {
    let { params, velocity } = state;
    let memory = begun;
    const training: Training = {
      get examples() {
        return memory.examples;
      },
      total,
      get valid() {
        return memory.valid;
      },
      settings: memory.settings,
      metrics: () => metricsOf(memory, training.settings, total),
      async advance(examples) {
        const { rate, batch, drop, decay } = training.settings;
        const step = program(drop);
        const at = order(problem.train.y.length, batch, seed * 10 + BATCHES.indexOf(batch as 16));
        let left = examples;
        let [loss, size] = [memory.loss, memory.gradient];
        while (left > 0) {
          const k = memory.steps;
          const given = {
            ...{ rate: tensor(rate), decay: tensor(decay), own: ids(at(k)) },
            key: key(seed * 100_000 + k),
          };
          const { rate: r, decay: d, own, key: random } = given;
          const next = step(params, velocity, r, d, own, random);
          flops += step.stats().flops;
          dispose({ params, velocity, given } as unknown as Tree);
          ({ params, velocity } = next);
          left -= batch;
          memory = { ...memory, steps: k + 1, examples: memory.examples + batch };
          if (left <= 0) {
            loss = await next.loss.item();
            size = Math.sqrt(await next.size.item());
          }
          dispose({ loss: next.loss, size: next.size });
        }
        const valid = await look(params, 0);
        const before = memory;
        memory = {
          ...before,
          settings: training.settings,
          loss,
          gradient: size,
          valid,
          slope: valid - before.valid,
        };
        return Number.isFinite(loss) && Number.isFinite(valid);
      },
      copy: () => {
        const same = (tree: Tree) => mapTree((x) => add(x, 0), tree);
        const own = { ...memory, settings: training.settings };
        return make({ params: same(params), velocity: same(velocity) }, seed, total, own);
      },
      async validate() {
        const count = Math.floor(problem.valid.y.length / LOOK);
        let sum = 0;
        for (let k = 0; k < count; k++) sum += await look(params, k);
        return sum / count;
      },
      test: () => plain.judge(params, "test"),
      dispose: () => dispose({ params, velocity }),
    };
    return training;
  }

  return {
    problem,
    spent: () => flops,
    spend: (more) => {
      flops += more;
    },
    begin: (seed, total) => {
      const params = plain.begin(seed);
      const begun = { ...FIRST, loss: Math.log(problem.classes), valid: Math.log(problem.classes) };
      return make({ params, velocity: mapTree(zerosLike, params) }, seed, total, begun);
    },
    dispose: () => {
      for (const one of programs.values()) one.dispose();
      looked.dispose();
      plain.dispose();
    },
  };
}

/** What a training remembers beside its weights. */
interface Memory {
  readonly settings: Settings;
  readonly steps: number;
  readonly examples: number;
  readonly loss: number;
  readonly valid: number;
  readonly slope: number;
  readonly gradient: number;
}

const FIRST: Memory = {
  ...{ settings: START, steps: 0, examples: 0, loss: 0, valid: 0, slope: 0, gradient: 1 },
};

export const METRICS = 9;

const [RATE, BATCH] = [METRICS - 2, METRICS - 1]; // places of the settings among the metrics
/** Place among the metrics of the share of the training that has passed. */
export const PASSED = METRICS - 3;
const MIDDLE = 0.03; // of the rates there are, in powers of two
const bounded = (x: number) => Math.max(-3, Math.min(3, Number.isFinite(x) ? x : 3));

function metricsOf(m: Memory, settings: Settings, total: number): readonly number[] {
  const log = (x: number) => Math.log(Math.max(x, 1e-6));
  const noise = m.gradient * m.gradient * settings.batch; // of the batch's own size
  const seen = [
    log(m.loss) / 2,
    log(m.valid) / 2,
    m.valid - m.loss,
    m.slope * 5,
    log(m.gradient) / 3,
    log(noise) / 6,
    4 * (m.examples / total - 0.5),
  ];
  return settingsSeen([...seen.map(bounded), 0, 0], settings);
}

/** The metrics with other settings in their places. */
export function settingsSeen(
  metrics: readonly number[],
  { rate, batch }: Pick<Settings, "rate" | "batch">,
): readonly number[] {
  const seen = [...metrics];
  seen[RATE] = bounded(Math.log2(rate / MIDDLE) / 2);
  seen[BATCH] = Math.log2(batch / 32);
  return seen;
}

function stepOf(bench: Bench, drop: boolean) {
  const { net } = bench;
  const gradient = valueAndGrad((p: Tree, own: Tensor, random: Tensor) => {
    const { x, y } = bench.examples("train", own);
    return crossEntropy(net.apply(p, x, drop ? { key: random } : {}), y);
  });
  return compile((...given: [Tree, Tree, Tensor, Tensor, Tensor, Tensor]) => {
    const [params, velocity, rate, decay, own, random] = given;
    const [loss, g] = gradient(params, own, random);
    const v = mapTree(
      (x, d, p) => add(mul(x, MOMENTUM), add(d, mul(p, decay))),
      velocity,
      g,
      params,
    );
    const next = mapTree((p, x) => sub(p, mul(x, rate)), params, v);
    const sizes = leaves(g).map((x) => sum(square(x)));
    return { params: next, velocity: v, loss, size: sizes.reduce((a, b) => add(a, b)) };
  });
}
