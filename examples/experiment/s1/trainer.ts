// One trial of a search: a network trained with the trial's settings, which can be paused and goes
// on later from where it was.

import {
  add,
  compile,
  crossEntropy,
  dispose,
  key,
  mapTree,
  mul,
  type nn,
  optim,
  search,
  sub,
  type Tensor,
  type Tree,
  tensor,
  valueAndGrad,
} from "hypergrad";
import type { Problem } from "../problems/problem";
import { benchOf, ids, order } from "../problems/training";

const { choice, float, integer } = search;

/** What is searched. Epochs are the budget that schedulers deal out. */
export const space = {
  lr: float(1e-3, 1, { log: true }),
  batch: choice([16, 64]),
  dropout: choice([0, 0.2, 0.4]),
  optimizer: choice(["sgd", "adam"]),
  decay: float(1e-6, 1e-2, { log: true }),
  layers: integer(1, 2),
  units: choice([16, 32, 64]),
};
export type Config = search.Params<typeof space>;

export interface Trained {
  readonly valid: number;
}

export interface Shop {
  /** Trains trial `id` up to so many examples and resolves to its validation loss; `from` is the
   * trial whose weights it begins with. */
  train(id: number, config: Config, examples: number, from?: number): Promise<number>;
  /** Accuracy and macro F1 of a trial on the test part. */
  test(id: number): Promise<{ accuracy: number; f1: number }>;
  /** Examples trained on, all trials together. */
  spent(): number;
  dispose(): void;
}

type State = { readonly params: Tree; readonly optimizer: Tree };
type Held = { state: State; done: number; config: Config };

/** The seed decides weights and batches; trials with equal settings give equal losses. */
export function shopOf(problem: Problem, seed: number): Shop {
  const bench = benchOf(problem);
  const kept = new Map<number, Held>();
  const kinds = new Map<string, ReturnType<typeof kindOf>>();
  const kind = (config: Config) => {
    const name = [config.layers, config.units, config.dropout, config.optimizer].join();
    const known = kinds.get(name) ?? kindOf(problem, bench, config);
    kinds.set(name, known);
    return known;
  };
  let spent = 0;

  function begin(config: Config, from: Held | undefined): Held {
    const { net, optimizer } = kind(config);
    if (from !== undefined && sameForm(from.config, config)) {
      return { state: kind(config).copy(from.state), done: from.done, config };
    }
    const params = net.init(key(seed));
    return { state: { params, optimizer: optimizer.init(params) as Tree }, done: 0, config };
  }

  return {
    async train(id, config, examples, from) {
      const held = kept.get(id) ?? begin(config, from === undefined ? undefined : kept.get(from));
      kept.set(id, held);
      const { step, loss } = kind(config);
      const { batch } = config;
      const at = order(problem.train.y.length, batch, seed);
      while (held.done < examples) {
        const k = Math.round(held.done / batch);
        const given = { rate: tensor(config.lr), decay: tensor(config.decay), own: ids(at(k)) };
        const random = key(seed * 100_000 + k);
        const next = step(held.state, given.rate, given.decay, given.own, random);
        dispose({ state: held.state, given, random } as unknown as Tree);
        held.state = next;
        held.done += batch;
        spent += batch;
      }
      const count = problem.valid.y.length;
      const own = ids(Int32Array.from({ length: count }, (_, i) => i));
      const y = loss(held.state.params, own);
      const value = await y.item();
      dispose({ own, y });
      return value;
    },
    async test(id) {
      const held = kept.get(id)!;
      return kind(held.config).test(held.state.params);
    },
    spent: () => spent,
    dispose: () => {
      for (const { state } of kept.values()) dispose(state as unknown as Tree);
      for (const one of kinds.values()) one.dispose();
      bench.dispose();
    },
  };
}

const sameForm = (a: Config, b: Config) =>
  a.layers === b.layers && a.units === b.units && a.optimizer === b.optimizer;

function kindOf(problem: Problem, bench: ReturnType<typeof benchOf>, config: Config) {
  const { layers, units, dropout } = config;
  const net: nn.Layer = problem.net({ layers, units, dropout });
  const adaptive = config.optimizer === "adam";
  const make = (lr: optim.Rate) =>
    adaptive ? optim.adam({ lr }) : optim.momentum({ lr, momentum: 0.9 });
  const gradient = valueAndGrad((p: Tree, own: Tensor, random: Tensor) => {
    const { x, y } = bench.examples("train", own);
    return crossEntropy(net.apply(p, x, dropout > 0 ? { key: random } : {}), y);
  });
  const step = compile((...given: [State, Tensor, Tensor, Tensor, Tensor]): State => {
    const [{ params, optimizer }, rate, decay, own, random] = given;
    const [, g] = gradient(params, own, random);
    // Adam's rates are a tenth of sgd's.
    const lr = adaptive ? mul(rate, 0.1) : rate;
    const [moved, next] = make(lr).update(g, optimizer as never, params);
    const shrunk = mapTree((p, old) => sub(p, mul(old, mul(lr, decay))), moved, params);
    return { params: shrunk, optimizer: next as Tree };
  });
  const loss = compile((params: Tree, own: Tensor) => {
    const { x, y } = bench.examples("valid", own);
    return crossEntropy(net.apply(params, x), y);
  });
  const predict = compile((params: Tree, x: Tensor) => net.apply(params, x));
  return {
    ...{ net, step, loss, optimizer: make(0) },
    copy: (state: State): State => mapTree((x) => add(x, 0), state as Tree) as State,
    async test(params: Tree) {
      const { x, y } = problem.test;
      const shape = [y.length, ...problem.shape];
      const input = tensor(x, shape, x instanceof Int32Array ? "int32" : "float32");
      const out = predict(params, input);
      const found = scores(await out.data(), y, problem.classes);
      dispose({ input, out });
      return found;
    },
    dispose: () => {
      for (const one of [step, loss, predict]) one.dispose();
    },
  };
}

function scores(logits: ArrayLike<number>, y: Int32Array, classes: number) {
  const count = () => new Array<number>(classes).fill(0);
  const [hits, guessed, there] = [count(), count(), count()];
  for (const [i, label] of y.entries()) {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (logits[i * classes + c] > logits[i * classes + best]) best = c;
    }
    guessed[best]++;
    there[label]++;
    if (best === label) hits[best]++;
  }
  const right = hits.reduce((a, b) => a + b, 0);
  const each = hits.map((hit, c) => (hit === 0 ? 0 : (2 * hit) / (guessed[c] + there[c])));
  return { accuracy: right / y.length, f1: each.reduce((a, b) => a + b, 0) / classes };
}
