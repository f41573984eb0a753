// Forward mode: tangents pushed along the recorded ops of a function.

import { ShapeError } from "../core/errors";
import { sameShape, show } from "../core/shape";
import { add } from "../ops/arithmetic";
import type { Node } from "../tensor/frame";
import { apply, interpretedBy, interpretersNow } from "../tensor/op";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { leavesOf, refill, type Tree } from "../tensor/tree";
import { between, pullBack, trace, zerosLike } from "./backward";
import { grad } from "./grad";
import { enclose, expose } from "./levels";
import { floatLeaves, outputs } from "./vjp";

type Tangents = Map<Tensor, Tensor>;

/**
 * The value of `f` at `xs` and its derivative along `tangents`: `[y, dy]`. `xs` is the list of the
 * arguments, `tangents` a list of the same form.
 * @throws ShapeError when a tangent has not the shape of its argument
 */
export function jvp<X extends Tree[], Y extends Tree>(
  f: (...xs: X) => Y,
  xs: readonly [...X],
  tangents: readonly [...X],
): [Y, Y] {
  if (!(Array.isArray(xs) && Array.isArray(tangents))) {
    throw new TypeError(
      "jvp: arguments and tangents are no lists. Write jvp(f, [x], [v]): one of each an argument.",
    );
  }
  return scope(() => {
    const inputs = floatLeaves("jvp", xs);
    const given = leavesOf("jvp", tangents);
    for (const [i, x] of inputs.entries()) {
      if (given.length === inputs.length && sameShape(x.shape, given[i].shape)) continue;
      const shapes = (list: Tensor[]) => list.map((t) => show(t.shape)).join(", ");
      throw new ShapeError(
        `jvp: tangents do not fit: ${shapes(given)} for arguments ${shapes(inputs)}. Give one of ` +
          "each shape.",
      );
    }
    let made: Y | undefined;
    const traced = trace(inputs, (leaves) => {
      made = f(...refill(xs as X, leaves));
      return outputs("jvp", made);
    });
    const known: Tangents = new Map();
    const { leaves, ys, levels } = traced;
    for (const [i, leaf] of leaves.entries()) known.set(leaf.physical, expose(given[i], levels));
    // Recorded tensors have the axes of all examples: no vmap is to add its own to them again.
    const others = interpretersNow().filter(({ level }) => level === undefined);
    interpretedBy(others, () => {
      for (const node of between(traced)) push(node, known);
    });
    const dys = ys.map((y) => {
      const dy = known.get(y.physical);
      return dy === undefined ? zerosLike(y) : enclose(dy, levels);
    });
    return [refill(made!, ys), refill(made!, dys)] as [Y, Y];
  });
}

/** Works out the tangents of a node's outputs from those of its inputs. */
function push(node: Node, known: Tangents): void {
  const { op, inputs, outputs: ys, attrs } = node;
  const tangents = inputs.map((x) => known.get(x) ?? null);
  if (op.kind === "linear") {
    const moved = inputs.map((x, i) => tangents[i] ?? (x.dtype === "float32" ? zerosLike(x) : x));
    for (const [i, dy] of apply(op, moved, attrs).entries()) known.set(ys[i], dy);
  } else if (op.kind === "general") {
    for (const [i, dy] of pushByPulling(node, tangents).entries()) {
      if (dy !== null) known.set(ys[i], dy);
    }
  } else {
    let total: Tensor | null = null;
    for (const [i, t] of tangents.entries()) {
      if (t === null) continue;
      const part =
        op.kind === "bilinear"
          ? apply(
              op,
              inputs.map((x, j) => (i === j ? t : x)),
              attrs,
            )[0]
          : (op.pull([t], ys, inputs, attrs)[i]?.() ?? null);
      if (part !== null) total = total === null ? part : add(total, part);
    }
    if (total !== null) known.set(ys[0], total);
  }
}

/** An op's pullback is linear in its cotangent u; the pullback of that, at any u, maps tangents
 * forward. */
function pushByPulling(node: Node, tangents: readonly (Tensor | null)[]): (Tensor | null)[] {
  const { op, inputs, outputs: ys, attrs } = node;
  const moving = tangents.flatMap((t, i) => (t === null ? [] : [{ t, i }]));
  const pulled: Tensor[] = [];
  const gs: Tensor[] = [];
  const traced = trace(ys.map(zerosLike), (us) => {
    const floats = us.map((u) => (u.dtype === "float32" ? u : null));
    const thunks = op.pull(floats, ys, inputs, attrs);
    for (const { t, i } of moving) {
      const thunk = thunks[i];
      if (!thunk) continue;
      pulled.push(thunk());
      gs.push(t);
    }
    return pulled;
  });
  return pullBack(traced, gs);
}

/**
 * Hessian of `f` at `x` times `v`, trees of one form: the derivative of the gradient along `v`, at
 * the cost of a few gradients.
 */
export function hvp<X extends Tree>(f: (x: X) => Tensor, x: X, v: X): X {
  return scope(() => jvp(grad(f), [x], [v])[1]);
}
