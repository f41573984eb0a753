// A row's value and gradients on a device. Outputs are weighted and gradients are taken along
// directions that are the same on every device, so that results can be compared.

import { stream } from "../../src/core/random";
import { sizeOf } from "../../src/core/shape";
import { setDevice } from "../../src/device/current";
import type { Device } from "../../src/device/device";
import { referenceDevice } from "../../src/device/reference/device";
import { grad } from "../../src/grad/grad";
import { add, mul } from "../../src/ops/arithmetic";
import { sum } from "../../src/ops/reduce";
import { constant, upload } from "../../src/tensor/create";
import { dispose, scope } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";
import { leaves } from "../../src/tensor/tree";
import { type Input, type Row, valuesOf } from "../table/row";

export interface Spec {
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** One array of results. */
export interface Found extends Spec {
  readonly data: ArrayLike<number>;
}

/** "value", "first gradient" by the float32 inputs, "second gradient" along directions. */
export const ORDERS = ["value", "first gradient", "second gradient"] as const;

/** The inputs of a row on a device. */
export function uploadAll(
  device: Device,
  inputs: readonly Input[],
  values: readonly (readonly number[])[],
): Tensor[] {
  return inputs.map(({ shape, dtype }, i) => upload(device, values[i], shape, dtype));
}

export const isFloat = ({ dtype }: { readonly dtype: string }) => dtype === "float32";

const specs = new WeakMap<Row, readonly Spec[]>();

/** Shapes and types of a row's outputs. */
export function outputsOf(row: Row): readonly Spec[] {
  let known = specs.get(row);
  if (known === undefined) {
    const device = referenceDevice();
    setDevice(device);
    const xs = uploadAll(device, row.inputs, valuesOf(row.inputs));
    known = scope(() => leaves(row.f(...xs)).map(({ shape, dtype }) => ({ shape, dtype })));
    device.dispose();
    specs.set(row, known);
  }
  return known;
}

/** Whether any gradient can be asked for. */
export function isDifferentiable(row: Row): boolean {
  return row.inputs.some(isFloat) && outputsOf(row).some(isFloat);
}

/** Numbers of either sign, or from 0 up where a sum's terms are to be counted. */
function draws(shape: readonly number[], seed: number, absolute: boolean): number[] {
  const random = stream(seed, 77);
  return Array.from({ length: sizeOf(shape) }, () => {
    const size = Math.fround(0.5 + random.uniform());
    return random.uniform() < 0.5 && !absolute ? -size : size;
  });
}

/** What the gradients of a row are taken with: the same numbers on every device. */
export interface Along {
  readonly weights: readonly Tensor[];
  readonly directions: readonly Tensor[];
}

export function along(row: Row, device: Device, absolute = false): Along {
  const made = (list: readonly Spec[], seed: number) =>
    list
      .filter(isFloat)
      .map(({ shape }, i) => upload(device, draws(shape, seed + i, absolute), shape, "float32"));
  return { weights: made(outputsOf(row), 100), directions: made(row.inputs, 200) };
}

function dot(ys: readonly Tensor[], ws: readonly Tensor[]): Tensor {
  const parts = ys.map((y, i) => sum(mul(y, ws[i])));
  return parts.length === 0 ? add(constant(ws[0].device, 0, "float32"), 0) : parts.reduce(add);
}

/** The value and both gradients, as functions of all inputs of the row. */
export function functionsOf(row: Row, f: Row["f"], { weights, directions }: Along) {
  const join = (xs: readonly Tensor[], floats: readonly Tensor[]) => {
    let next = 0;
    return xs.map((x) => (isFloat(x) ? floats[next++] : x));
  };
  const value = (...xs: Tensor[]) => leaves(f(...xs));
  const weighted = (xs: readonly Tensor[]) => (floats: Tensor[]) =>
    dot(value(...join(xs, floats)).filter(isFloat), weights);
  const first = (...xs: Tensor[]) => grad(weighted(xs))(xs.filter(isFloat));
  const second = (...xs: Tensor[]) => {
    const slope = grad(weighted(xs));
    return grad((floats: Tensor[]) => dot(slope(floats), directions))(xs.filter(isFloat));
  };
  return isDifferentiable(row) ? [value, first, second] : [value];
}

/** Reads results and frees them at once, but for those that are inputs handed back: what is asked
 * for before the first wait comes back from a GPU together. */
export async function read(ys: readonly Tensor[], xs: readonly Tensor[]): Promise<Found[]> {
  const found = ys.map(async (y) => ({ shape: y.shape, dtype: y.dtype, data: await y.data() }));
  dispose(ys, xs);
  return Promise.all(found);
}

/**
 * Value, first and second gradient of a row by `f` (its own unless given) on a device; at absolute
 * inputs, weights and directions where the magnitudes of sums are asked for.
 */
export async function evaluate(
  row: Row,
  device: Device,
  f: Row["f"] = row.f,
  absolute = false,
): Promise<Found[][]> {
  setDevice(device);
  const given = valuesOf(row.inputs);
  const size = (v: number) => (absolute ? Math.abs(v) : v);
  const values = given.map((list, i) => (isFloat(row.inputs[i]) ? list.map(size) : list));
  const xs = uploadAll(device, row.inputs, values);
  const by = along(row, device, absolute);
  setDevice(device); // along() may have asked the reference for shapes
  try {
    const reading = functionsOf(row, f, by).map((each) =>
      read(
        scope(() => each(...xs)),
        xs,
      ),
    );
    return await Promise.all(reading);
  } finally {
    dispose([...xs, ...by.weights, ...by.directions]);
  }
}
