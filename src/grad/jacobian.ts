// Whole matrices of derivatives, a row at a time.

import { ShapeError } from "../core/errors";
import { show } from "../core/shape";
import { stack } from "../ops/movement";
import { reshape } from "../ops/reshape";
import { tensor } from "../tensor/create";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { grad } from "./grad";
import { vjp } from "./vjp";

/**
 * `jacobian(f)(x)`: all derivatives of f's output by x, of shape [...y.shape, ...x.shape]. Costs
 * one backward pass for each element of the output.
 */
export function jacobian(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return (x) =>
    scope(() => {
      const [y, pull] = vjp(f, x);
      if (y.size === 0) {
        throw new ShapeError(`jacobian: the output is empty: ${show(y.shape)}. Return elements.`);
      }
      const rows = Array.from({ length: y.size }, (_, i) => {
        const unit = new Float32Array(y.size);
        unit[i] = 1;
        return pull(tensor(unit, y.shape))[0];
      });
      return reshape(stack(rows, 0), [...y.shape, ...x.shape]);
    });
}

/** `hessian(f)(x)`: all second derivatives of a function of one number, [...x.shape,
 * ...x.shape]. */
export function hessian(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return (x) => jacobian(grad(f))(x);
}
