// Tensors filled by rule. One value everywhere takes no memory of its own: it is a scalar, read
// again and again.

import { type DType, needDType } from "../core/dtype";
import { ValueError } from "../core/errors";
import { checkShape, type Shape, sizeOf } from "../core/shape";
import { device } from "../device/current";
import type { Device } from "../device/device";
import { checkIntegers, constant, upload } from "./create";
import { Tensor } from "./tensor";

function filled(name: string, on: Device, shape: Shape, value: number, dtype: DType): Tensor {
  checkShape(name, shape);
  needDType(name, dtype);
  if (dtype !== "float32") checkIntegers(name, [value], dtype);
  const scalar = constant(on, dtype === "bool" && value !== 0 ? 1 : value, dtype);
  const all = Object.freeze([...shape]);
  const t = new Tensor(on, all, dtype, scalar.storage, { inner: 1, mid: 1 });
  if (scalar.constant === undefined) scalar.free("after it filled a tensor");
  return t;
}

/** Zeros, on the current device. */
export function zeros(shape: Shape, dtype: DType = "float32"): Tensor {
  return filled("zeros", device(), shape, 0, dtype);
}

/** Ones, on the current device. */
export function ones(shape: Shape, dtype: DType = "float32"): Tensor {
  return filled("ones", device(), shape, 1, dtype);
}

/**
 * One value everywhere, on the current device.
 * @throws ValueError when dtype is int32 and the value no whole number of 32 bits
 */
export function full(shape: Shape, value: number, dtype: DType = "float32"): Tensor {
  if (typeof value !== "number") {
    throw new TypeError(`full: the value is no number: ${String(value)}. Use expand(x, shape).`);
  }
  return filled("full", device(), shape, value, dtype);
}

/** Zeros of the shape, type and device of `x`. */
export function zerosLike(x: Tensor): Tensor {
  return filled("zerosLike", x.device, x.shape, 0, x.dtype);
}

/** Ones of the shape, type and device of `x`. */
export function onesLike(x: Tensor): Tensor {
  return filled("onesLike", x.device, x.shape, 1, x.dtype);
}

/**
 * start, start + step, … below `stop` (above it for a negative step); `arange(n)` is 0 to n − 1.
 * @throws ValueError for a step of 0 or a bound that is not finite
 */
export function arange(start: number, stop?: number, step = 1, dtype: DType = "float32"): Tensor {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  needDType("arange", dtype);
  if (![from, to, step].every(Number.isFinite) || step === 0) {
    throw new ValueError(
      `arange: no such range: start is ${from}, stop is ${to}, step is ${step}. Use finite ` +
        "numbers and a step that is not 0.",
    );
  }
  const n = Math.max(0, Math.ceil((to - from) / step));
  checkShape("arange", [n]);
  const values = Float64Array.from({ length: n }, (_, i) => from + i * step);
  return upload(device(), values, [n], dtype);
}

/**
 * `n` numbers from `start` to `stop`, both included, at equal distances.
 * @throws ValueError for a bound that is not finite
 */
export function linspace(start: number, stop: number, n: number): Tensor {
  checkShape("linspace", [n]);
  if (!Number.isFinite(start) || !Number.isFinite(stop)) {
    throw new ValueError(
      `linspace: no such range: start is ${start}, stop is ${stop}. Use finite numbers.`,
    );
  }
  const at = (i: number) => (i === n - 1 && n > 1 ? stop : start + ((stop - start) * i) / (n - 1));
  const values = Float64Array.from({ length: n }, (_, i) => (n === 1 ? start : at(i)));
  return upload(device(), values, [n], "float32");
}

/** 1 on the diagonal of an [n, m] matrix, 0 elsewhere; m is n when left out. */
export function eye(n: number, m = n, dtype: DType = "float32"): Tensor {
  checkShape("eye", [n, m]);
  needDType("eye", dtype);
  const values = new Float64Array(sizeOf([n, m]));
  for (let i = 0; i < Math.min(n, m); i++) values[i * m + i] = 1;
  return upload(device(), values, [n, m], dtype);
}
