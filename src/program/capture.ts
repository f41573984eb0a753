// Runs a function once on tensors without data and notes every op, forward or backward, of any
// order, as a node of one graph.

import { HypergradError } from "../core/errors";
import type { Device } from "../device/device";
import { frameOf, record, recording } from "../tensor/frame";
import { type Interpreter, interpretedBy, type Spec } from "../tensor/op";
import { Tensor } from "../tensor/tensor";
import { leavesOf, refill, type Tree } from "../tensor/tree";
import { type Graph, type Value, type Vertex, value, vertex } from "./graph";

let region = 0;
let regions = 0;

/** Runs `f` so that what it computes is not merged with equal nodes outside: see checkpoint. */
export function inRegion<T>(f: () => T): T {
  const before = region;
  region = ++regions;
  try {
    return f();
  } finally {
    region = before;
  }
}

export interface Captured {
  readonly graph: Graph;
  /** The form of the result: a tree whose leaves are places in `graph.outputs`. */
  readonly form: unknown;
}

/** Captures `f` on arguments of the given specs; `args` gives their form. */
export function capture(
  device: Device,
  f: (...args: Tree[]) => Tree,
  args: readonly Tree[],
  specs: readonly Spec[],
): Captured {
  const nodes: Vertex[] = [];
  const known = new Map<Tensor, Value>();
  const inputs = specs.map(({ shape, dtype }, place) =>
    value(
      shape,
      dtype,
      shape.reduce((n, d) => n * d, 1),
      { kind: "input", place },
    ),
  );
  const symbols = new WeakMap<Tensor, Value>();
  const symbol = (v: Value): Tensor => {
    const t = new Tensor(device, v.shape, v.dtype, null, null, { symbolic: v });
    symbols.set(t, v);
    return t;
  };
  const valueOf = (x: Tensor, name: string): Value => {
    const own = symbols.get(x) ?? known.get(x);
    if (own !== undefined) return own;
    if (x.symbolic !== null) {
      throw new HypergradError(
        `${name}: a tensor of another compiled function, or of an earlier capture. Pass it as an argument.`,
      );
    }
    x.live(name);
    if (frameOf(x) !== null) {
      throw new HypergradError(
        `${name}: a compiled function closes over a tensor that a running gradient is taken by. ` +
          "Pass it as an argument.",
      );
    }
    const source =
      x.constant === undefined
        ? ({ kind: "closure", tensor: x } as const)
        : ({ kind: "constant", value: x.constant, tensor: x } as const);
    const v = value(x.shape, x.dtype, x.size, source);
    known.set(x, v);
    return v;
  };
  const interpreter: Interpreter = (op, xs, attrs) => {
    const made = vertex(
      op,
      xs.map((x) => valueOf(x, op.name)),
      attrs,
      op.specs(xs, attrs),
      region,
    );
    nodes.push(made);
    const ys = made.outputs.map(symbol);
    if (recording()) record(op, xs, ys, attrs);
    return ys;
  };
  const made = interpretedBy(interpreter, () =>
    f(...(refill(args, inputs.map(symbol)) as readonly Tree[])),
  );
  if ((made as unknown) instanceof Promise) {
    throw new HypergradError(
      "compile: the function returned a promise. Compile a function without await.",
    );
  }
  const results = leavesOf("compile", made);
  const outputs = results.map((x) => valueOf(x, "compile"));
  return {
    graph: { inputs, nodes, outputs },
    form: refill(
      made,
      outputs.map((_, i) => i),
    ),
  };
}
