// Rows: the LSTM over a whole sequence, forward and training step; none while the library has no
// `lstm`.

import * as hypergrad from "hypergrad";
import { grad, mean, mul, square, sub, type Tensor, type Tree } from "hypergrad";
import { type Group, type Input, normal, type Row } from "../row";

type Weights = { readonly wx: Tensor; readonly wh: Tensor; readonly b: Tensor };
type Lstm = (x: Tensor, weights: Weights) => { y: Tensor; h: Tensor; c: Tensor };

export const LSTM = { time: 50, batch: 32, input: 128, hidden: 128, lr: 0.1 } as const;
const { time, batch, input, hidden } = LSTM;

/** The library's lstm, or null. */
export const lstm: Lstm | null = "lstm" in hypergrad ? (hypergrad.lstm as unknown as Lstm) : null;

/** x [time, batch, input], wx, wh, b with the gates i, f, g, o side by side. */
const lstmInputs: readonly Input[] = [
  normal(time, batch, input),
  { kind: "normal", shape: [input, 4 * hidden], scale: input ** -0.5 },
  { kind: "normal", shape: [hidden, 4 * hidden], scale: hidden ** -0.5 },
  { kind: "normal", shape: [4 * hidden], scale: 0.1 },
];

const lstmFlops = 2 * time * batch * (input + hidden) * 4 * hidden;

/** All states. */
export function lstmForward(x: Tensor, wx: Tensor, wh: Tensor, b: Tensor): Tensor {
  return lstm!(x, { wx, wh, b }).y;
}

/** One step of gradient descent on the mean square of all states: the new weights. */
function lstmTrain(x: Tensor, wx: Tensor, wh: Tensor, b: Tensor): Tree {
  const loss = (w: Weights) => mean(square(lstm!(x, w).y));
  const weights = { wx, wh, b };
  const g = grad(loss)(weights);
  return [sub(wx, mul(g.wx, LSTM.lr)), sub(wh, mul(g.wh, LSTM.lr)), sub(b, mul(g.b, LSTM.lr))];
}

function rows(): Row[] {
  const forward = { inputs: lstmInputs, f: lstmForward, within: "functions" } as const;
  const train = { inputs: lstmInputs, f: lstmTrain, within: "functions" } as const;
  return [
    { ...forward, name: "lstm forward", work: { flops: lstmFlops }, quick: true },
    { ...train, name: "lstm training step", work: { flops: 3 * lstmFlops }, quick: true },
    {
      ...train,
      name: "lstm training step, compiled",
      work: { flops: 3 * lstmFlops },
      compiled: true,
      quick: true,
    },
  ];
}

/** Training steps over longer and longer sequences. */
function lengths(): Row[] {
  return [50, 100, 200, 400].map((steps) => ({
    name: `lstm training step of length ${steps}, compiled`,
    inputs: [normal(steps, batch, input), ...lstmInputs.slice(1)],
    f: lstmTrain,
    work: { flops: (3 * lstmFlops * steps) / time },
    within: "functions",
    compiled: true,
  }));
}

export const lstmGroups: readonly Group[] =
  lstm === null
    ? []
    : [
        { name: `lstm ${batch} x ${time} x ${hidden}`, rows: rows() },
        { name: "lstm by length", rows: lengths() },
      ];
