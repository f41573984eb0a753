// Rows: whole meta-steps, second order, eagerly and as programs, by the protocols of the peers.

import { reshape, slice, type Tensor, type Tree } from "hypergrad";
import {
  CONV,
  type ConvProtocol,
  classification,
  convMamlInputs,
  convNetInputs,
  type Loss,
  metaGradient,
  regression,
  SINUSOID,
  sinusoidInputs,
  tasksOf,
} from "../nets";
import type { Group, Input, Row } from "../row";

/** One task's part of a stacked array, made once and outside the time. */
function part(x: Tensor, task: number): Tensor {
  const rest = x.shape.slice(1);
  const start = [task, ...rest.map(() => 0)];
  return reshape(slice(x, start, [1, ...rest]), rest);
}

export interface Step {
  readonly name: string;
  readonly loss: Loss;
  readonly inputs: readonly Input[];
  /** How many of the inputs are parameters. */
  readonly count: number;
  readonly steps: number;
  readonly lr: number;
}

/** The meta-gradient, as its arguments are: parameters, then four tensors a task. */
function metaStep({ loss, count, steps, lr }: Step, tasks: "loop" | "batch") {
  const run = metaGradient(loss, { steps, order: 2, tasks }, lr);
  return (...xs: Tensor[]): Tree => {
    const list = [];
    for (let i = count; i < xs.length; i += 4) {
      const [sx, sy, qx, qy] = xs.slice(i, i + 4);
      list.push({ support: { x: sx, y: sy }, query: { x: qx, y: qy } });
    }
    return run(xs.slice(0, count), list);
  };
}

export function stepRows(step: Step, quick: boolean): Row[] {
  const { name, inputs, count } = step;
  const apart = (...xs: Tensor[]) => {
    const tasks = tasksOf(xs.slice(count), part);
    return [
      ...xs.slice(0, count),
      ...tasks.flatMap(({ support, query }) => [support.x, support.y, query.x, query.y]),
    ];
  };
  const common = { inputs, within: "steps", computes: name, prepare: apart } as const;
  const f = metaStep(step, "loop");
  const batched = metaStep(step, "batch");
  return [
    { ...common, name: `${name}, eager`, f, work: {} },
    { ...common, name: `${name}, eager, tasks batched`, f: batched, work: {}, quick },
    { ...common, name: `${name}, compiled`, f, work: "counted", compiled: true },
    {
      ...common,
      name: `${name}, compiled, tasks batched`,
      f: batched,
      work: "counted",
      compiled: true,
      quick,
    },
  ];
}

export function sinusoidStep(steps: number): Step {
  const name = `sinusoid MAML, ${steps} ${steps === 1 ? "step" : "steps"}`;
  const { lr, sizes } = SINUSOID;
  const count = 2 * (sizes.length - 1);
  return { name, loss: regression, inputs: sinusoidInputs(), count, steps, lr };
}

export function convStep(protocol: ConvProtocol): Step {
  const { pool, by, steps } = protocol;
  const name = `conv MAML, ${pool === "max" ? "max-pool" : "stride 2"}, ${by} protocol`;
  const count = convNetInputs(protocol).length;
  const inputs = convMamlInputs(protocol);
  return { name, loss: classification(protocol), inputs, count, steps, lr: CONV.lr };
}

const group = (step: Step, quick: boolean): Group => ({
  name: step.name,
  rows: stepRows(step, quick),
});

const conv = (pool: ConvProtocol["pool"], by: ConvProtocol["by"], quick: boolean): Group =>
  group(convStep({ filters: 32, pool, by, steps: 5, tasks: 4 }), quick);

export const stepGroups: readonly Group[] = [
  group(sinusoidStep(1), true),
  group(sinusoidStep(5), true),
  conv("stride", "torch", false),
  conv("max", "torch", false),
  conv("stride", "jax", true),
  conv("max", "jax", false),
];
