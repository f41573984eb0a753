// The triangles of matrices: what lies on one side of a diagonal, and 0 on the other.

import { ShapeError } from "../core/errors";
import { show } from "../core/shape";
import { upload } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { needTensors } from "./checks";
import { lessEqual, where } from "./compare";
import { expandDims } from "./reshape";

/** Of matrices x [..., n, m] what is on the k-th diagonal and below, 0 elsewhere; k counts to the
 * right. `tril(ones([t, t]))` says what each of t places sees of those up to itself. */
export function tril(x: Tensor, k = 0): Tensor {
  const [row, column] = places("tril", x);
  return where(lessEqual(column, row(k)), x, 0);
}

/** Of matrices x [..., n, m] what is on the k-th diagonal and above, 0 elsewhere. */
export function triu(x: Tensor, k = 0): Tensor {
  const [row, column] = places("triu", x);
  return where(lessEqual(row(k), column), x, 0);
}

/** The numbers of the rows, [n, 1], moved by k, and of the columns, [m]. */
function places(name: string, x: Tensor): [(k: number) => Tensor, Tensor] {
  needTensors(name, { x });
  if (x.shape.length < 2) {
    throw new ShapeError(`${name}: no matrix: x is ${show(x.shape)}. Give [..., n, m].`);
  }
  const [n, m] = x.shape.slice(-2);
  const count = (size: number, k: number) =>
    upload(
      x.device,
      Int32Array.from({ length: size }, (_, i) => i + k),
      [size],
      "int32",
    );
  return [(k) => expandDims(count(n, k), 1), count(m, 0)];
}
