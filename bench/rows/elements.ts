// Rows: elementwise functions, whole and broadcast, random numbers, and what one tiny op costs.

import {
  add,
  div,
  exp,
  expand,
  gelu,
  log,
  mul,
  normal as normalNumbers,
  pow,
  relu,
  scope,
  sigmoid,
  sin,
  type Tensor,
  tanh,
  uniform,
  vjp,
} from "hypergrad";
import { type Group, type Input, normal, positive, type Row } from "../row";

const N = 1 << 20;
const SMALL = 1 << 12;

type Unary = (x: Tensor) => Tensor;

function unary(name: string, f: Unary, within: Row["within"], input: Input): Row {
  return { name, inputs: [input], f, work: { bytes: 8 * N }, within };
}

function binary(name: string, f: (x: Tensor, y: Tensor) => Tensor, y: Input, reads: number): Row {
  const work = { bytes: 4 * (2 * N + reads) };
  return { name, inputs: [normal(1024, 1024), y], f, work, within: "arithmetic" };
}

const quick = (row: Row): Row => ({ ...row, quick: true });

/** `count` adds in a row on one small tensor; what is between is freed by the scope around. */
function chain(count: number) {
  return (x: Tensor, y: Tensor) => {
    let at = x;
    for (let i = 0; i < count; i++) {
      const next = add(at, y);
      if (i > 0) at.dispose();
      at = next;
    }
    return at;
  };
}

function tiny(n: number): Row[] {
  const count = 100;
  const inputs = [normal(1, n), normal(1, n)];
  const common = { inputs, work: {}, within: "arithmetic", ops: count, quick: true } as const;
  return [
    { ...common, name: `add of ${n} numbers, eager`, f: chain(count) },
    {
      ...common,
      name: `add of ${n} numbers, eager, with a node`,
      f: (x, y) => scope(() => vjp(chain(count), x, y)[0]),
    },
    { ...common, name: `add of ${n} numbers, in a program`, f: chain(count), compiled: true },
  ];
}

export const elementGroups: readonly Group[] = [
  {
    name: "elementwise, 1M numbers",
    rows: [
      quick(unary("relu", relu, "arithmetic", normal(N))),
      quick(unary("exp", exp, "functions", normal(N))),
      unary("log", log, "functions", positive(N)),
      quick(unary("tanh", tanh, "functions", normal(N))),
      unary("sigmoid", sigmoid, "functions", normal(N)),
      unary("sin", sin, "functions", normal(N)),
      unary("gelu", gelu, "functions", normal(N)),
      quick(binary("add", add, normal(1024, 1024), N)),
      binary("div", div, positive(1024, 1024), N),
      {
        ...binary("pow", pow, normal(1024, 1024), N),
        inputs: [positive(1024, 1024), normal(1024, 1024)],
        within: "functions",
      },
      binary("add a row", add, normal(1024), 1024),
      binary("mul by a column", mul, normal(1024, 1), 1024),
    ],
  },
  {
    name: "elementwise, 4K numbers",
    rows: [
      {
        ...unary("exp of 4K", exp, "functions", normal(SMALL)),
        work: { bytes: 8 * SMALL },
      },
      {
        name: "add of 4K",
        inputs: [normal(SMALL), normal(SMALL)],
        f: add,
        work: { bytes: 12 * SMALL },
        within: "arithmetic",
      },
    ],
  },
  {
    name: "random and movement by shape, 1M numbers",
    rows: [
      {
        name: "uniform",
        inputs: [{ kind: "key", seed: 7 }],
        f: (k) => uniform(k, [N]),
        work: { bytes: 4 * N },
        within: "arithmetic",
        quick: true,
      },
      {
        name: "normal",
        inputs: [{ kind: "key", seed: 7 }],
        f: (k) => normalNumbers(k, [N]),
        work: { bytes: 4 * N },
        within: "functions",
      },
      {
        name: "expand a row and add",
        inputs: [normal(1024), normal(1024, 1024)],
        f: (row, x) => add(expand(row, [1024, 1024]), x),
        work: { bytes: 4 * (2 * N + 1024) },
        within: "arithmetic",
      },
    ],
  },
  { name: "one tiny op", rows: [...tiny(16), ...tiny(64)] },
];
