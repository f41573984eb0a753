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
import { countOf, type Part, type Problem } from "../problems/problem";
import { benchOf, ids, order } from "../problems/training";

const { choice, float, integer } = search;

/** What is searched. Epochs are the budget that schedulers deal out. */
export const space = {
  lr: float(1e-3, 1, { log: true }),
  batch: integer(16, 256, { log: true }),
  dropout: float(0, 0.5),
  optimizer: choice(["sgd", "adam"]),
  decay: float(1e-6, 1e-2, { log: true }),
  layers: integer(1, 3),
  units: integer(16, 256, { log: true }),
};
export type Config = search.Params<typeof space>;

/** A loss far above that of guessing says no more than that: it counts as twice guessing's. */
const worst = ({ classes }: Problem) => 2 * Math.log(classes);

// Validation examples that judge a trial.
const JUDGED = 500;
// Examples of one evaluation, which divides every part: one program is made for all.
const CHUNK = 100;

export interface Shop {
  /** Trains trial `id` up to so many examples and resolves to its validation loss, NaN if it
   * diverged; `from` is the trial whose weights it begins with. */
  train(id: number, config: Config, examples: number, from?: number): Promise<number>;
  /** Accuracy and macro F1 of a trial on the test part. */
  test(id: number): Promise<{ accuracy: number; f1: number }>;
  /** Examples trained on, all trials together. */
  spent(): number;
  dispose(): void;
}

type State = { readonly params: Tree; readonly optimizer: Tree };
type Held = { state: State; done: number; readonly config: Config };

/** The seed decides weights and batches; trials with equal settings give equal losses. */
export function shopOf(problem: Problem, seed: number): Shop {
  const bench = benchOf(problem);
  const kept = new Map<number, Held>();
  let spent = 0;

  /** A trial that was paused, or one that begins, with another's weights if they fit. */
  function heldOf(id: number, config: Config, { net, optimizer }: Kind, from?: number): Held {
    const own = kept.get(id);
    if (own !== undefined) return own;
    const source = from === undefined ? undefined : kept.get(from);
    if (source !== undefined && sameForm(source.config, config)) {
      return { state: copyOf(source.state), done: source.done, config };
    }
    const params = net.init(key(seed));
    return { state: { params, optimizer: optimizer.init(params) as Tree }, done: 0, config };
  }

  /** Settings have their own programs, which are freed behind what is done with them. */
  async function using<T>(config: Config, work: (kind: Kind) => Promise<T>): Promise<T> {
    const kind = kindOf(problem, bench, config);
    try {
      return await work(kind);
    } finally {
      kind.dispose();
    }
  }

  return {
    train: (id, config, examples, from) =>
      using(config, async (kind) => {
        const held = heldOf(id, config, kind, from);
        kept.set(id, held);
        const { batch } = config;
        const at = order(problem.train.y.length, batch, seed);
        while (held.done < examples) {
          const k = Math.round(held.done / batch);
          const given = { rate: tensor(config.lr), decay: tensor(config.decay), own: ids(at(k)) };
          const random = key(seed * 100_000 + k);
          const next = kind.step(held.state, given.rate, given.decay, given.own, random);
          dispose({ state: held.state, given, random } as unknown as Tree);
          held.state = next;
          held.done += batch;
          spent += batch;
        }
        const loss = await kind.validate(held.state.params);
        return Math.min(loss, worst(problem));
      }),
    test: (id) => {
      const { config, state } = kept.get(id)!;
      return using(config, (kind) => kind.test(state.params));
    },
    spent: () => spent,
    dispose: () => {
      for (const { state } of kept.values()) dispose(state as unknown as Tree);
      bench.dispose();
    },
  };
}

const copyOf = (state: State): State => mapTree((x) => add(x, 0), state as Tree) as State;

/** Whether the weights and momenta of one are those of the other, in form. */
const sameForm = (a: Config, b: Config) =>
  a.layers === b.layers &&
  a.units === b.units &&
  a.optimizer === b.optimizer &&
  a.dropout > 0 === b.dropout > 0;

type Kind = ReturnType<typeof kindOf>;

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
  const predict = compile((params: Tree, x: Tensor) => net.apply(params, x));
  /** Logits of the first `count` examples of a part. */
  async function logits(params: Tree, { x, y }: Part, count: number): Promise<Float32Array> {
    const width = x.length / y.length;
    const found = new Float32Array(count * problem.classes);
    for (let from = 0; from < count; from += CHUNK) {
      const rows = x.subarray(from * width, Math.min(count, from + CHUNK) * width);
      const shape = [rows.length / width, ...problem.shape];
      const input = tensor(rows, shape, x instanceof Int32Array ? "int32" : "float32");
      const out = predict(params, input);
      found.set(await out.data(), from * problem.classes);
      dispose({ input, out });
    }
    return found;
  }
  return {
    ...{ net, step, optimizer: make(0) },
    /** Mean cross-entropy on validation examples. */
    async validate(params: Tree): Promise<number> {
      const count = Math.min(JUDGED, countOf(problem.valid));
      const all = await logits(params, problem.valid, count);
      let loss = 0;
      for (let i = 0; i < count; i++) {
        const row = all.subarray(i * problem.classes, (i + 1) * problem.classes);
        const most = Math.max(...row);
        const sum = row.reduce((total, v) => total + Math.exp(v - most), 0);
        loss += most + Math.log(sum) - row[problem.valid.y[i]];
      }
      return loss / count;
    },
    async test(params: Tree) {
      const { test, classes } = problem;
      return scores(await logits(params, test, countOf(test)), test.y, classes);
    },
    dispose: () => {
      for (const one of [step, predict]) one.dispose();
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
