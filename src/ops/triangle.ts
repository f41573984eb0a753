// The triangles of matrices: what lies on one side of a diagonal, and 0 on the other.

import { ShapeError, ValueError } from "../core/errors";
import { show } from "../core/shape";
import { upload } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { needTensors } from "./checks";
import { lessEqual, where } from "./compare";

/** Of matrices x [..., n, m] what is on the k-th diagonal and below, 0 elsewhere; k counts to the
 * right. `tril(ones([t, t]))` says what each of t places sees of those up to itself.
 * @throws ValueError unless k is a whole number */
export function tril(x: Tensor, k = 0): Tensor {
  const [diagonal, column] = places("tril", x, k);
  return where(lessEqual(column, diagonal), x, 0);
}

/** Of matrices x [..., n, m] what is on the k-th diagonal and above, 0 elsewhere.
 * @throws ValueError unless k is a whole number */
export function triu(x: Tensor, k = 0): Tensor {
  const [diagonal, column] = places("triu", x, k);
  return where(lessEqual(diagonal, column), x, 0);
}

/** In which column each row meets the k-th diagonal, [n, 1], and the columns' numbers, [m]. */
function places(name: string, x: Tensor, k: number): [Tensor, Tensor] {
  needTensors(name, { x });
  if (x.shape.length < 2) {
    throw new ShapeError(`${name}: no matrix: x is ${show(x.shape)}. Give [..., n, m].`);
  }
  if (!Number.isSafeInteger(k)) {
    throw new ValueError(`${name}: k is no whole number: ${String(k)}. Use 0, 1 or -1.`);
  }
  const [n, m] = x.shape.slice(-2);
  const numbers = (from: number, shape: number[]) =>
    upload(
      x.device,
      Int32Array.from({ length: shape[0] }, (_, i) => from + i),
      shape,
      "int32",
    );
  return [numbers(k, [n, 1]), numbers(0, [m])];
}
