// The contests of `npm run bench:peers`, made of the bench's own rows where they are the same.

import type { ConvProtocol } from "../nets";
import type { Input, Role, Row } from "../row";
import { type ConvCase, convFamily } from "../rows/conv";
import { elementGroups } from "../rows/elements";
import { LSTM, lstmGroups } from "../rows/lstm";
import { type Product, product } from "../rows/matmul";
import { memoryGroups } from "../rows/memory";
import { convStep, type Step, sinusoidStep, stepRows } from "../rows/steps";
import type { Contest, Task } from "./contest";
import { hyperContest, netContests } from "./steps";

function fromRow(row: Row, task: Task, more: Partial<Contest> = {}): Contest {
  const { name, inputs, truth, within, ops } = row;
  const work = row.work === "counted" ? {} : row.work;
  const label = row.compiled ? "compiled" : "";
  const own = [{ label, f: row.f, prepare: row.prepare, compiled: row.compiled }];
  return { name, task, inputs, own, truth, work, within, ops, ...more };
}

/** A step that users compile: both ways. */
function stepped(row: Row, task: Task): Contest {
  const own = [
    { label: "eager", f: row.f },
    { label: "compiled", f: row.f, compiled: true },
  ];
  return fromRow(row, task, { own });
}

function matmul(shape: Product): Contest {
  const layout = shape.layout ?? "NN";
  const task = {
    kind: "matmul" as const,
    transposeA: layout[0] === "T",
    transposeB: layout[1] === "T",
  };
  const row = product(shape);
  const turned = (input: Input, turn: boolean): Input => {
    if (input.kind === "key" || !turn) return input;
    const [m, n] = input.shape.slice(-2);
    return { ...input, shape: [...input.shape.slice(0, -2), n, m] };
  };
  const [a, b] = row.inputs;
  // Each side is handed the matrices as the layout has them stored.
  const inputs = [turned(a, task.transposeA), turned(b, task.transposeB)];
  return fromRow({ ...row, inputs, prepare: undefined }, task);
}

const square = (size: number, layout?: Product["layout"]) =>
  matmul({ m: size, k: size, n: size, layout });

function conv(form: ConvCase): Contest[] {
  const { rows } = convFamily(form);
  const { n, side, c, oc, stride = 1 } = form;
  const out = Math.floor((side - 1) / stride) + 1;
  const shapes = {
    forward: [n, out, out, oc],
    input: [n, side, side, c],
    kernel: [3, 3, c, oc],
  } as const;
  return (["forward", "input", "kernel"] as const).map((which, i) => {
    const role: Role = which === "kernel" ? "kernel" : "image";
    return fromRow(
      rows[i],
      { kind: "conv", which, stride, shape: shapes[which] },
      {
        results: [role],
      },
    );
  });
}

/** A row of the bench by its name. */
function named(name: string): Row {
  const groups = [...memoryGroups, ...elementGroups, ...lstmGroups];
  const row = groups.flatMap((g) => g.rows).find((r) => r.name === name);
  if (row === undefined) throw new Error(`bench: no row is called ${name}`);
  return row;
}

function lstm(): Contest[] {
  if (lstmGroups.length === 0) return [];
  const { lr } = LSTM;
  return [
    fromRow(named("lstm forward"), { kind: "lstm", train: false, lr }),
    stepped(named("lstm training step"), { kind: "lstm", train: true, lr }),
  ];
}

function maml(step: Step, protocol: ConvProtocol, net: "mlp" | "conv", slow: boolean): Contest {
  const { name, steps, lr, inputs } = step;
  const rows = stepRows(step, false);
  const labels = ["eager", "eager, batched", "compiled", "compiled, batched"];
  return {
    name,
    task: { kind: "maml", net, steps, lr, protocol },
    inputs,
    own: rows.map(({ f, prepare, compiled }, i) => ({ label: labels[i], f, prepare, compiled })),
    results: [
      undefined,
      ...inputs.slice(0, step.count).map((x) => ("role" in x ? x.role : undefined)),
    ],
    work: {},
    within: "steps",
    slow,
  };
}

const protocolOf = (pool: ConvProtocol["pool"], by: ConvProtocol["by"]): ConvProtocol => ({
  filters: 32,
  pool,
  by,
  steps: 5,
  tasks: 4,
});

const convMaml = (pool: ConvProtocol["pool"], by: ConvProtocol["by"]) => {
  const protocol = protocolOf(pool, by);
  return maml(convStep(protocol), protocol, "conv", by === "jax");
};

const sinusoidMaml = (steps: number) =>
  maml(sinusoidStep(steps), protocolOf("stride", "torch"), "mlp", false);

export const contests: readonly Contest[] = [
  ...[64, 128, 256, 512, 1024].map((size) => square(size)),
  square(512, "TN"),
  square(512, "NT"),
  square(512, "TT"),
  matmul({ m: 64, k: 784, n: 256 }),
  matmul({ m: 32, k: 128, n: 512 }),
  matmul({ m: 5, k: 64, n: 64 }),
  matmul({ m: 25, k: 64, n: 64 }),
  matmul({ m: 1, k: 256, n: 256 }),
  matmul({ m: 64, k: 64, n: 64, batch: 16 }),
  ...conv({ n: 5, side: 28, c: 1, oc: 32 }),
  ...conv({ n: 64, side: 32, c: 3, oc: 32 }),
  ...conv({ n: 75, side: 14, c: 32, oc: 64 }),
  ...conv({ n: 5, side: 14, c: 32, oc: 32, stride: 2 }),
  ...lstm(),
  fromRow(named("softmax of rows"), { kind: "softmax" }),
  fromRow(named("layerNorm of rows"), { kind: "layerNorm" }),
  fromRow(named("scatterAdd, the gradient of gather"), { kind: "embedding", n: 10_000 }),
  fromRow(named("add of 64 numbers, eager"), { kind: "add", count: 100 }),
  ...netContests,
  hyperContest,
  sinusoidMaml(1),
  sinusoidMaml(5),
  convMaml("stride", "torch"),
  convMaml("max", "torch"),
  convMaml("stride", "jax"),
  convMaml("max", "jax"),
];
