// What all elementwise ops share: operands of one type and one shape, broadcast beforehand by
// `expand`, so that no gradient ever mentions broadcasting.

import type { DType } from "../core/dtype";
import { brief, DTypeError, ShapeError } from "../core/errors";
import { broadcast, sameShape, show } from "../core/shape";
import { device } from "../device/current";
import { type FunctionName, functions } from "../device/functions";
import { constant, type Like } from "../tensor/create";
import { type DefinedOp, defineOp, type Operand, type OpRecord } from "../tensor/op";
import { isTensor, type Tensor } from "../tensor/tensor";
import { expand } from "./expand";

interface Elementwise {
  /** The scalar functions by the type of the last input; one left out makes that type an error. */
  readonly float32?: FunctionName;
  readonly int32?: FunctionName;
  readonly bool?: FunctionName;
  /** The output's type, when not that of the last input. */
  readonly gives?: DType;
  readonly vjp?: OpRecord<undefined>["vjp"];
}

/** Defines an op whose output element i depends on elements i of its inputs alone. */
/* @__NO_SIDE_EFFECTS__ */
export function elementwise(name: string, def: Elementwise): DefinedOp<undefined> {
  return defineOp({
    name,
    kind: "elementwise",
    shape: (xs) => {
      const last = xs[xs.length - 1];
      if (def[last.dtype] === undefined) throw wrongType(name, last.dtype, def);
      return { shape: last.shape, dtype: def.gives ?? last.dtype };
    },
    run: (calls, xs, y) => {
      const f = functions[def[xs[xs.length - 1].dtype]!].code;
      const out = [y.storage];
      const n = y.size;
      if (xs.length === 1) {
        const [a] = xs;
        calls.run("map1", [a.storage!], out, [f, n, inner(a), mid(a)]);
      } else if (xs.length === 2) {
        const [a, b] = xs;
        const params = [f, n, inner(a), mid(a), inner(b), mid(b)];
        calls.run("map2", [a.storage!, b.storage!], out, params);
      } else {
        const [a, b, c] = xs;
        const params = [f, n, inner(a), mid(a), inner(b), mid(b), inner(c), mid(c)];
        calls.run("map3", [a.storage!, b.storage!, c.storage!], out, params);
      }
    },
    vjp: def.vjp,
  });
}

const inner = (x: Operand) => (x.repeat === null ? 1 : x.repeat.inner);
const mid = (x: Operand) => (x.repeat === null ? x.size : x.repeat.mid);

function wrongType(name: string, dtype: DType, def: Elementwise): DTypeError {
  const allowed = (["float32", "int32", "bool"] as const).filter((t) => def[t] !== undefined);
  return new DTypeError(
    `${name}: wrong dtype: x is ${dtype}, ${name} takes ${allowed.join(" or ")}. ` +
      `Use cast(x, "${allowed[0]}").`,
  );
}

/** `x` as a tensor: a number becomes a float32 scalar on the current device. */
export function toTensor(name: string, x: Like): Tensor {
  if (isTensor(name, x)) return x;
  if (typeof x !== "number") {
    throw new TypeError(`${name}: no tensor and no number: ${brief(x)}. Use tensor(x).`);
  }
  return constant(device(), x, "float32");
}

/** Two operands of one type; a number takes the type of the tensor beside it. */
export function pair(name: string, a: Like, b: Like): readonly [Tensor, Tensor] {
  if (typeof a === "number" && isTensor(name, b)) return [beside(name, b, a), b];
  if (typeof b === "number" && isTensor(name, a)) return [a, beside(name, a, b)];
  const x = toTensor(name, a);
  const y = toTensor(name, b);
  if (x.dtype !== y.dtype) {
    throw new DTypeError(
      `${name}: dtypes differ: a is ${x.dtype}, b is ${y.dtype}. Use cast(x, dtype) on one.`,
    );
  }
  return [x, y];
}

function beside(name: string, t: Tensor, value: number): Tensor {
  if (t.dtype === "int32" && value !== (value | 0)) {
    throw new DTypeError(
      `${name}: ${value} is no int32, and the tensor beside it is. Use cast(x, "float32").`,
    );
  }
  return constant(t.device, value, t.dtype);
}

/** Operands expanded to the one shape that they broadcast to. */
export function aligned(name: string, xs: readonly Tensor[]): readonly Tensor[] {
  let shape = xs[0].shape;
  let same = true;
  for (let i = 1; i < xs.length; i++) {
    if (sameShape(shape, xs[i].shape)) continue;
    same = false;
    const wider = broadcast(shape, xs[i].shape);
    if (wider === null) {
      const all = xs.map((x, j) => `${"abc"[j]} is ${show(x.shape)}`).join(", ");
      throw new ShapeError(
        `${name}: shapes do not broadcast: ${all}. Sizes must be equal, or 1, from the last axis ` +
          "back.",
      );
    }
    shape = wider;
  }
  return same ? xs : xs.map((x) => expand(x, shape));
}
