// The controller: metrics to 64 to 32 to changes of the settings, and the ways to train it: by
// trying moves ahead, by persistent evolution strategies, and by gradients through the training.

import { data } from "hypergrad";
import { BATCHES, METRICS, type Settings, type Training } from "./training";

/** Layers as rows of weights, the bias last. */
export type Controller = readonly { readonly inputs: number; readonly w: Float64Array }[];

export const SIZES = [METRICS, 64, 32, 4] as const;

/** He et al. 2015, with a last layer of zeros: it changes nothing at first. */
export function freshController(seed: number): Controller {
  const random = data.stream(seed, 99);
  return SIZES.slice(1).map((outputs, i) => {
    const inputs = SIZES[i];
    const last = i === SIZES.length - 2;
    const w = Float64Array.from({ length: outputs * (inputs + 1) }, (_, k) => {
      if (last || k % (inputs + 1) === inputs) return 0;
      return random.normal() * Math.sqrt(2 / inputs);
    });
    return { inputs, w };
  });
}

export function run(controller: Controller, metrics: readonly number[]): number[] {
  let h = [...metrics];
  for (const [i, { inputs, w }] of controller.entries()) {
    const outputs = w.length / (inputs + 1);
    const next = Array.from({ length: outputs }, (_, o) => {
      const at = o * (inputs + 1);
      let sum = w[at + inputs];
      for (let k = 0; k < inputs; k++) sum += w[at + k] * h[k];
      return sum;
    });
    h = i < controller.length - 1 ? next.map((x) => Math.max(0, x)) : next;
  }
  return h;
}

const [LOWEST, HIGHEST] = [1e-4, 1];

/** Outputs to settings: Δlog2 rate in [−1, 1], a step of the batch size, dropout on or off, weight
 * decay from 1e-6 to 1e-2. */
export function applied(settings: Settings, out: readonly number[]): Settings {
  const rate = settings.rate * 2 ** Math.tanh(out[0]);
  const at = BATCHES.indexOf(settings.batch as 16) + Math.round(Math.tanh(out[1]));
  return {
    rate: Math.min(HIGHEST, Math.max(LOWEST, rate)),
    batch: BATCHES[Math.min(BATCHES.length - 1, Math.max(0, at))],
    drop: out[2] > 0.5,
    decay: 10 ** (-4 + 2 * Math.tanh(out[3])),
  };
}

/** Where a training of so many examples is decided on: often at first, when a rate that is far off
 * costs most and a look ahead costs least. */
export const decisions = (examples: number): readonly number[] =>
  Array.from({ length: DECISIONS }, (_, k) => Math.round(examples * (k / DECISIONS) ** 2));

export const DECISIONS = 16;

/** A training under the controller up to so many examples; false where it diverged. */
export async function controlled(
  training: Training,
  controller: Controller,
  to: number,
  seen?: (settings: Settings) => void,
): Promise<boolean> {
  const times = decisions(training.total);
  while (training.examples < to) {
    training.settings = applied(training.settings, run(controller, training.metrics()));
    seen?.(training.settings);
    const next = times.find((at) => at > training.examples) ?? training.total;
    if (!(await training.advance(Math.min(next, to) - training.examples))) return false;
  }
  return true;
}

/** What the outputs should have been, and where; null for one of which nothing is known. */
export interface Example {
  readonly metrics: readonly number[];
  readonly targets: readonly (number | null)[];
}

/** Examples of a step of the regression. */
export const TOGETHER = 8;

/** Arithmetic of a regression: its passes, forwards and back, and the steps of Adam. */
export const regressionFlops = (steps: number): number => steps * WEIGHTS * (6 * TOGETHER + 12);

const WEIGHTS = SIZES.slice(1).reduce((sum, n, i) => sum + n * (SIZES[i] + 1), 0);

/** Least squares on the outputs by so many steps of Adam, whose rate falls from `lr` to 0, each on
 * some examples in turn. */
export function regress(
  controller: Controller,
  examples: readonly Example[],
  steps: number,
  lr: number,
): Controller {
  const net = controller.map(({ inputs, w }) => ({ inputs, w: Float64Array.from(w) }));
  const moments = net.map(({ w }) => [new Float64Array(w.length), new Float64Array(w.length)]);
  for (let k = 1; k <= steps; k++) {
    const grads = net.map(({ w }) => new Float64Array(w.length));
    const from = (k * TOGETHER) % examples.length;
    const some = examples.slice(from, from + TOGETHER);
    for (const example of some) addGradient(net, example, grads, 1 / some.length);
    for (const [i, { w }] of net.entries()) {
      const [m, v] = moments[i];
      for (let j = 0; j < w.length; j++) {
        m[j] = 0.9 * m[j] + 0.1 * grads[i][j];
        v[j] = 0.999 * v[j] + 0.001 * grads[i][j] ** 2;
        const size = Math.sqrt(v[j] / (1 - 0.999 ** k)) + 1e-8;
        w[j] -= (lr * (1 - (k - 1) / steps) * m[j]) / (1 - 0.9 ** k) / size;
      }
    }
  }
  return net;
}

/** Adds the gradient of share · ½ |out − targets|² by all weights. */
function addGradient(
  net: Controller,
  { metrics, targets }: Example,
  grads: readonly Float64Array[],
  share: number,
): void {
  const inputs: number[][] = [[...metrics]];
  for (const [i] of net.entries()) {
    const out = run(net.slice(i, i + 1), inputs[i]);
    inputs.push(i < net.length - 1 ? out.map((x) => Math.max(0, x)) : out);
  }
  let g = inputs[net.length].map((x, o) => (x - (targets[o] ?? x)) * share);
  for (let i = net.length - 1; i >= 0; i--) {
    const { inputs: n, w } = net[i];
    const before = new Array<number>(n).fill(0);
    for (const [o, d] of g.entries()) {
      const at = o * (n + 1);
      for (let k = 0; k < n; k++) {
        grads[i][at + k] += d * inputs[i][k];
        before[k] += d * w[at + k];
      }
      grads[i][at + n] += d;
    }
    g = before.map((d, k) => (inputs[i][k] > 0 ? d : 0));
  }
}

/** A controller and as many normal numbers, for perturbations. */
export function perturbed(controller: Controller, noise: Controller, by: number): Controller {
  return controller.map(({ inputs, w }, i) => ({
    inputs,
    w: w.map((x, j) => x + by * noise[i].w[j]),
  }));
}

export function noiseLike(controller: Controller, random: data.Stream): Controller {
  return controller.map(({ inputs, w }) => ({ inputs, w: w.map(() => random.normal()) }));
}
