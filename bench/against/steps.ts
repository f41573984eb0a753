// Contests of whole steps that the bench's own rows do not have: nets at first and second order,
// and the derivative of training by its learning rate.

import {
  add,
  crossEntropy,
  grad,
  mean,
  mul,
  optim,
  square,
  sum,
  type Tensor,
  type Tree,
  valueAndGrad,
} from "hypergrad";
import {
  CONV,
  type ConvProtocol,
  convNet,
  convNetInputs,
  mlp,
  mlpInputs,
  regression,
  SINUSOID,
} from "../nets";
import { type Input, images, label, normal } from "../row";
import { lstm } from "../rows/lstm";
import type { Contest, Task } from "./contest";

const protocol: ConvProtocol = { filters: 32, pool: "stride", by: "jax", steps: 5, tasks: 4 };

interface Net {
  readonly name: string;
  readonly net: "mlp" | "conv" | "lstm";
  readonly params: readonly Input[];
  readonly batch: readonly Input[];
  readonly loss: (params: readonly Tensor[], batch: readonly Tensor[]) => Tensor;
}

const SMALL = { time: 10, batch: 8, size: 32 } as const;
const gates = 4 * SMALL.size;

const nets: readonly Net[] = [
  {
    name: "MLP 784-256-10, batch 64",
    net: "mlp",
    params: mlpInputs([784, 256, 10]),
    batch: [normal(64, 784), label(10, 64)],
    loss: (params, [x, y]) => crossEntropy(mlp(params, x), y),
  },
  {
    name: "conv net, 4 blocks of 32, batch 5",
    net: "conv",
    params: convNetInputs(protocol),
    batch: [images(CONV.way, CONV.side, CONV.side, 1), label(CONV.way, CONV.way)],
    loss: (params, [x, y]) => crossEntropy(convNet(params, x, protocol), y),
  },
  {
    name: `LSTM ${SMALL.batch} x ${SMALL.time} x ${SMALL.size}`,
    net: "lstm",
    params: [
      { kind: "normal", shape: [SMALL.size, gates], scale: 0.2 },
      { kind: "normal", shape: [SMALL.size, gates], scale: 0.2 },
      { kind: "normal", shape: [gates], scale: 0.1 },
    ],
    batch: [normal(SMALL.time, SMALL.batch, SMALL.size)],
    loss: ([wx, wh, b], [x]) => mean(square(lstm!(x, { wx, wh, b }).y)),
  },
];

function contest(net: Net, order: 1 | 2): Contest {
  const { loss, params, batch } = net;
  const count = params.length;
  const f = (...xs: Tensor[]): Tree => {
    const at = xs.slice(0, count);
    const rest = xs.slice(count);
    const first = (p: readonly Tensor[]) => loss(p, rest);
    if (order === 1) {
      const [value, grads] = valueAndGrad(first)(at);
      return [value, ...grads];
    }
    return grad((p: readonly Tensor[]) =>
      mul(
        grad(first)(p)
          .map((g) => sum(square(g)))
          .reduce((a, b) => add(a, b)),
        0.5,
      ),
    )(at);
  };
  const task: Task = { kind: "net", net: net.net, order, protocol };
  const roles = params.map((x) => ("role" in x ? x.role : undefined));
  return {
    name: `${net.name}, ${order === 1 ? "first" : "second"} order`,
    task,
    inputs: [...params, ...batch],
    own: [
      { label: "eager", f },
      { label: "compiled", f, compiled: true },
    ],
    results: order === 1 ? [undefined, ...roles] : roles,
    work: {},
    within: "steps",
  };
}

export const netContests: readonly Contest[] = nets
  .filter(({ net }) => net !== "lstm" || lstm !== null)
  .flatMap((net) => [contest(net, 1), contest(net, 2)]);

const ADAM = { steps: 10, eps: 1e-3 } as const;

/** d loss / d rate through ten steps of Adam (with ε² in the root), on a net of two hidden
 * layers. */
function hypergradient(...xs: Tensor[]): Tree {
  const count = 2 * (SINUSOID.sizes.length - 1);
  const start = xs.slice(0, count);
  const [sx, sy, qx, qy, rate] = xs.slice(count);
  const [value, slope] = valueAndGrad((lr: Tensor) => {
    const { init, update } = optim.adam({ lr, eps: ADAM.eps });
    let params: readonly Tensor[] = start;
    let state = init(start);
    for (let i = 0; i < ADAM.steps; i++) {
      const grads = grad((p: readonly Tensor[]) => regression(p, { x: sx, y: sy }))(params);
      [params, state] = update(grads, state, params);
    }
    return regression(params, { x: qx, y: qy });
  })(rate);
  return [value, slope];
}

export const hyperContest: Contest = {
  name: "hypergradient through 10 Adam steps",
  task: { kind: "adam", ...ADAM },
  inputs: [
    ...mlpInputs(SINUSOID.sizes),
    ...Array.from({ length: 4 }, () => normal(SINUSOID.points, 1)),
    { kind: "positive", shape: [], scale: 0.02 },
  ],
  own: [
    { label: "eager", f: hypergradient },
    { label: "compiled", f: hypergradient, compiled: true },
  ],
  work: {},
  within: "steps",
};
