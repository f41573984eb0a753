// What a training task is: one file that loads its data, makes its model and says how it is
// trained. All that decides a result stands in its settings, its data and the seed.

import {
  add,
  argmax,
  binaryCrossEntropy,
  crossEntropy,
  type data,
  equal,
  greater,
  type LossContext,
  logSoftmax,
  type Measures,
  mean,
  mul,
  neg,
  type nn,
  optim,
  squeeze,
  type Tensor,
  type Tree,
} from "hypergrad";

/** Numbers by name: `epochs`, `batch` and `lr` everywhere, others by task. */
export type Settings = Readonly<Record<string, number>> & {
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
};

export interface Task {
  readonly name: string;
  /** One line: model and data. */
  readonly title: string;
  /** The mean test accuracy to reach on the real data. */
  readonly goal: number;
  /** The folder of its files under --data. */
  readonly folder: string;
  readonly settings: Settings;
  /** What is other on the generated data, which is small. */
  readonly small: Partial<Settings>;
  /** The data of a folder, or, without one, generated data of the same form. */
  load(folder: string | undefined): Promise<Loaded>;
}

export interface Loaded {
  /** Sizes and split, for the report. */
  readonly about: string;
  /** The trainings of a seed: one, or one a fold. */
  runs(seed: number, settings: Settings): readonly Run[];
}

/** One training of any parameters. */
export interface Run extends Learner<Tree> {
  readonly optimizer: optim.Optimizer;
  readonly train: data.Batches;
  readonly test: data.Batches;
  readonly gradients?: (grads: Tree) => Tree;
}

export interface Learner<P extends Tree> {
  init(key: Tensor): P;
  loss(params: P, batch: data.BatchTensors, context: LossContext<Tree>): Tensor;
  /** `accuracy` and `loss` of each example. */
  measure(params: P, batch: data.BatchTensors): Measures;
}

/**
 * A network as a classifier of batches x, y and, where there is one, mask. With int32 labels it
 * gives a logit a class; with float32 ones, 0 or 1, a single logit. `smoothing` is the share of the
 * target that all classes have in common.
 */
export function classifier<P extends Tree>(
  net: nn.Layer<P>,
  { smoothing = 0 }: { readonly smoothing?: number } = {},
): Learner<Tree> {
  const logitsOf = (params: Tree, { x, mask }: data.BatchTensors, key?: Tensor) =>
    net.apply(params as P, x, { key, mask });
  const single = (y: Tensor) => y.dtype === "float32";
  return {
    init: (key) => net.init(key),
    loss: (params, batch, { key }) => {
      const logits = logitsOf(params, batch, key);
      if (single(batch.y)) return binaryCrossEntropy(squeeze(logits, -1), batch.y);
      const hard = crossEntropy(logits, batch.y);
      if (smoothing === 0) return hard;
      const even = neg(mean(logSoftmax(logits)));
      return add(mul(hard, 1 - smoothing), mul(even, smoothing));
    },
    measure: (params, batch) => {
      const logits = logitsOf(params, batch);
      const reduction = "none";
      if (!single(batch.y)) {
        return {
          loss: crossEntropy(logits, batch.y, { reduction }),
          accuracy: equal(argmax(logits, { axis: -1 }), batch.y),
        };
      }
      const logit = squeeze(logits, -1);
      return {
        loss: binaryCrossEntropy(logit, batch.y, { reduction }),
        accuracy: equal(greater(logit, 0), greater(batch.y, 0.5)),
      };
    },
  };
}

/** AdamW that rises over the first tenth of the training and falls along half a cosine to 0.
 * Vectors, biases and norms, do not decay. */
export function schooled(settings: Settings, perEpoch: number): optim.Optimizer {
  const steps = settings.epochs * perEpoch;
  const first = Math.max(1, Math.round(steps / 10));
  const lr = optim.warmup(first, optim.cosine(settings.lr, { steps: Math.max(1, steps - first) }));
  return optim.adamw({
    lr,
    weightDecay: settings.weightDecay ?? 0,
    decays: (p) => p.shape.length > 1,
  }) as optim.Optimizer;
}

/** Gradients held within a norm, where the settings say so. */
export function clipped({ clip }: Settings): ((grads: Tree) => Tree) | undefined {
  return clip === undefined || clip === 0 ? undefined : (grads) => optim.clipByNorm(grads, clip);
}
