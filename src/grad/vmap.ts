// Batches a function over a leading axis: every op inside runs once for all examples, by the
// batching rule in its record.

import { HypergradError, ShapeError } from "../core/errors";
import { optionsOf } from "../core/options";
import { axisOf, show } from "../core/shape";
import { treeLeaves, treePaths } from "../core/tree";
import { spread } from "../ops/expand";
import {
  apply,
  type BatchRule,
  type Interpreter,
  interpretedBy,
  interpretersNow,
  type Op,
} from "../tensor/op";
import { scope } from "../tensor/scope";
import { type Level, Tensor } from "../tensor/tensor";
import { leavesOf, refill, type Tree } from "../tensor/tree";
import { expose, moved, wrap } from "./levels";
import { asTensors, outputs } from "./vjp";

/** An axis for all leaves of a tree, null where it is the same for all examples, or a tree of
 * these that has the form of the tree, as deep as it differs. */
export type InAxes = number | null | readonly InAxes[] | { readonly [name: string]: InAxes };

export interface VmapOptions {
  /** The axis of the examples: for all arguments, or a list with one entry for each. Default 0. */
  readonly inAxes?: InAxes;
}

let lastId = 0;

/**
 * `f` for many examples at once: `vmap(f)(...xs)` is the stack of `f` of each example's arguments,
 * in one op where the loop takes one an example. Each result has the axis of examples in front; one
 * that does not depend on them is repeated along it. Nests with itself, all gradients and
 * `compile`, both ways: `vmap(grad(f))` gives the gradient of each example.
 * @throws ShapeError when nothing is batched, or sizes along the batch axes differ
 * @throws HypergradError for an op without batching rule, and when `f` reads a value
 */
export function vmap<X extends Tree[] = Tensor[], Y extends Tree = Tree>(
  f: (...xs: X) => Y,
  options: VmapOptions = {},
): (...xs: X) => Y {
  const { inAxes = 0 } = optionsOf("vmap", options, ["inAxes"]);
  return (...given) => {
    const xs = asTensors("vmap", given);
    const inputs = leavesOf("vmap", xs);
    const axes = axesFor(inAxes, xs, "").map((axis, i) =>
      axis === null ? null : axisOf("vmap", axis, inputs[i].shape.length),
    );
    const level = { id: ++lastId, size: sizeAlong(inputs, axes, xs) };
    return scope(() => {
      const examples = inputs.map((x, i) => {
        const axis = axes[i];
        return axis === null ? x : wrap(moved(x, axis, 0), level);
      });
      const y = interpretedBy([...interpretersNow(), batching(level)], () =>
        f(...refill(xs, examples)),
      );
      return refill(
        y,
        outputs("vmap", y).map((t) => expose(t, [level])),
      );
    });
  };
}

/** Takes a level away from an op's inputs, applies its rule, and puts the level back. */
function batching(level: Level): Interpreter {
  const interpreter: Interpreter = (op, xs, attrs) => {
    const batched = xs.map((x) => x.batch?.level === level.id);
    if (!batched.includes(true)) return null;
    const whole = xs.map((x, i) => (batched[i] ? x.batch!.tensor : x));
    const ys = ruleOf(op)(whole, batched, attrs, level.size);
    return Array.isArray(ys) ? ys.map((y) => wrap(y, level)) : [wrap(ys, level)];
  };
  return Object.assign(interpreter, { level });
}

// biome-ignore lint/suspicious/noExplicitAny: attrs differ from op to op
function ruleOf(op: Op<any>): BatchRule<any> {
  if (op.batch !== undefined) return op.batch;
  if (op.kind === "elementwise") {
    return (xs, batched, attrs, size) => apply(op, spread(xs, batched, size), attrs);
  }
  throw new HypergradError(`vmap: no batching rule: ${op.name}. Add \`batch\` to its record.`);
}

/** One axis for each leaf of a tree, null for those that all examples share. */
function axesFor(axes: InAxes, tree: unknown, path: string): (number | null)[] {
  if (axes === null || typeof axes === "number") return treeLeaves(tree).map(() => axes);
  if (Array.isArray(axes) && Array.isArray(tree) && axes.length === tree.length) {
    return axes.flatMap((axis: InAxes, i) => axesFor(axis, tree[i], `${path}[${i}]`));
  }
  const [named, parts] = [axes, tree] as Record<string, InAxes>[];
  const names = Object.keys(named ?? {}).sort();
  if (isRecord(axes) && isRecord(tree) && names.join() === Object.keys(parts).sort().join()) {
    return names.flatMap((name) => axesFor(named[name], parts[name], `${path}.${name}`));
  }
  throw new ShapeError(
    `vmap: inAxes do not fit: at inAxes${path} stands ${JSON.stringify(axes) ?? String(axes)}. ` +
      "Give an axis, null, or a list or object with an entry for each of that argument.",
  );
}

function isRecord(x: unknown): boolean {
  return typeof x === "object" && x !== null && !Array.isArray(x) && !(x instanceof Tensor);
}

/** The one size along the axes of examples. */
function sizeAlong(
  inputs: readonly Tensor[],
  axes: readonly (number | null)[],
  xs: readonly unknown[],
): number {
  const first = axes.findIndex((axis) => axis !== null);
  if (first < 0) {
    throw new ShapeError(
      "vmap: nothing is batched: no argument has an axis of examples. Give one an axis in inAxes.",
    );
  }
  const size = (i: number) => inputs[i].shape[axes[i]!];
  const odd = axes.findIndex((axis, i) => axis !== null && size(i) !== size(first));
  if (odd < 0) return size(first);
  const names = treePaths(xs);
  const each = (i: number) => `arguments${names[i]} ${show(inputs[i].shape)} has ${size(i)}`;
  throw new ShapeError(
    `vmap: sizes along the batch axes differ: ${each(first)} along axis ${axes[first]}, ` +
      `${each(odd)} along axis ${axes[odd]}. Give one size.`,
  );
}
