// Gradients of functions that return one number, by their first argument.

import { ShapeError } from "../core/errors";
import { optionsOf } from "../core/options";
import { show } from "../core/shape";
import { expand } from "../ops/expand";
import { constant } from "../tensor/create";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { refill, type Tree } from "../tensor/tree";
import { trace } from "./backward";
import { asTensors, floatLeaves, gradients, isScalar, outputs } from "./vjp";

export interface AuxOptions {
  /** The function returns [value, aux]: aux, any tree, comes back beside the value. */
  readonly aux?: boolean;
}

/**
 * `valueAndGrad(f)(x, ...rest)` is `[f(x, ...rest), gradient by x]`; the gradient has the form of
 * `x`. With `{ aux: true }`, `f` returns `[value, aux]` and the result is `[[value, aux],
 * gradient]`. Frees all that it makes but its result.
 * @throws ShapeError when `f` returns anything but one float32 number
 */
export function valueAndGrad<X extends Tree = Tensor, R extends unknown[] = Tensor[], A = Tree>(
  f: (x: X, ...rest: R) => readonly [Tensor, A],
  options: { readonly aux: true },
): (x: X, ...rest: R) => [[Tensor, A], X];
export function valueAndGrad<X extends Tree = Tensor, R extends unknown[] = Tensor[]>(
  f: (x: X, ...rest: R) => Tensor,
  options?: AuxOptions,
): (x: X, ...rest: R) => [Tensor, X];
export function valueAndGrad<X extends Tree, R extends unknown[]>(
  f: (x: X, ...rest: R) => unknown,
  options: AuxOptions = {},
): (x: X, ...rest: R) => unknown {
  const { aux = false } = optionsOf("valueAndGrad", options, ["aux"]);
  return (x, ...rest) =>
    scope(() => {
      const point = asTensors("grad", x);
      let made: unknown;
      const traced = trace(floatLeaves("grad", point), (leaves) => {
        made = f(refill(point, leaves), ...rest);
        if (aux && !Array.isArray(made)) throw noPair();
        const value = aux ? (made as readonly unknown[])[0] : made;
        if (!isScalar(value)) throw notOne(value);
        return [value];
      });
      const [y] = traced.ys;
      const one = expand(constant(y.device, 1, "float32"), y.shape);
      return [made, refill(point, gradients(traced, [one]))];
    });
}

function noPair(): Error {
  return new TypeError(
    "grad: with aux the function must return [value, aux], and returned no array. Return both.",
  );
}

function notOne(y: unknown): Error {
  const list = outputs("grad", y);
  const got =
    list.length === 1 ? `${show(list[0].shape)} ${list[0].dtype}` : `${list.length} tensors`;
  return new ShapeError(
    `grad: the function must return one number, got ${got.replace(" float32", "")}. ` +
      "Reduce it first, for example mean(loss).",
  );
}

/**
 * `grad(f)(x, ...rest)`: the gradient of `f` by its first argument, a tree of the form of `x`.
 * It is itself a function of tensors: `grad(grad(f))` and deeper are right.
 * @throws ShapeError when `f` returns anything but one float32 number
 */
export function grad<X extends Tree = Tensor, R extends unknown[] = Tensor[]>(
  f: (x: X, ...rest: R) => Tensor,
): (x: X, ...rest: R) => X;
export function grad<X extends Tree, R extends unknown[]>(
  f: (x: X, ...rest: R) => Tensor,
  ...more: unknown[]
): (x: X, ...rest: R) => X {
  if (more.length > 0) {
    throw new TypeError(
      `grad: takes a function alone: got ${String(more[0])} beside it. The gradient is by the ` +
        "first argument: put another one first, or several into one tree.",
    );
  }
  const both = valueAndGrad(f);
  return (x, ...rest) => scope(() => both(x, ...rest)[1]);
}
