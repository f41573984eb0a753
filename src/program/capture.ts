// Runs a function once on tensors without data and notes every op, forward or backward, of any
// order, as a node of one graph.

import { HypergradError } from "../core/errors";
import type { Device } from "../device/device";
import { frameOf, record, recording } from "../tensor/frame";
import { capturedBy, type Interpreter, type Spec, twoDevices } from "../tensor/op";
import { origin } from "../tensor/origin";
import { dispose, enterScope, keep, leaveScope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";
import { leavesOf, refill, type Tree } from "../tensor/tree";
import { type Graph, type Value, type Vertex, value, vertex } from "./graph";

interface Captured {
  readonly graph: Graph;
  /** The form of the result: a tree whose leaves are places in `graph.outputs`. */
  readonly form: unknown;
  /** Tensors that `f` made of host data: the program's to dispose. */
  readonly made: readonly Tensor[];
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
    value(shape, dtype, { kind: "input", place }),
  );
  const symbols = new WeakMap<Tensor, Value>();
  const scope = enterScope();
  const held: Tensor[] = [];
  /** A tensor made by `f` itself lives as long as the program, whatever scope it was made in. */
  const hold = (x: Tensor): Tensor => {
    if (x.owner === null || x.owner.id < scope.id) return x;
    const own = keep(new Tensor(x.device, x.shape, x.dtype, x.storage, x.repeat));
    held.push(own);
    return own;
  };
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
        `${name}: a tensor of another compiled function, or of an earlier capture. Pass it as an ` +
          "argument.",
      );
    }
    x.live(name);
    if (x.device !== device) throw twoDevices(name, device, x.device);
    if (frameOf(x) !== null) {
      throw new HypergradError(
        `${name}: a compiled function closes over a tensor that a running gradient is taken by. ` +
          "Pass it as an argument.",
      );
    }
    const source =
      x.constant === undefined
        ? ({ kind: "closure", tensor: hold(x) } as const)
        : ({ kind: "constant", value: x.constant, tensor: x } as const);
    const v = value(x.shape, x.dtype, source);
    known.set(x, v);
    return v;
  };
  const interpreter: Interpreter = (op, xs, attrs) => {
    const made = vertex(
      op,
      xs.map((x) => valueOf(x, op.name)),
      attrs,
      op.specs(xs, attrs),
      origin(),
    );
    nodes.push(made);
    const ys = made.outputs.map(symbol);
    if (recording()) record(op, xs, ys, attrs);
    return ys;
  };
  try {
    const made = capturedBy(interpreter, () =>
      f(...(refill(args, inputs.map(symbol)) as readonly Tree[])),
    );
    if ((made as unknown) instanceof Promise) {
      throw new HypergradError(
        "compile: the function returned a promise. Compile a function without await.",
      );
    }
    const outputs = leavesOf("compile", made).map((x) => valueOf(x, "compile"));
    const form = refill(
      made,
      outputs.map((_, i) => i),
    );
    return { graph: { inputs, nodes, outputs }, form, made: held };
  } catch (error) {
    dispose(held);
    throw error;
  } finally {
    leaveScope(scope);
  }
}
