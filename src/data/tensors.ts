// Host data as tensors of the current device: what an array is of decides the tensor's type.

import { tensor } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import type { HostArray } from "./safetensors";

/** Examples on the host. Labels in an Int32Array are [n], values in a Float32Array are as x. */
export interface HostExamples {
  readonly x: Float32Array;
  readonly y: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** Inputs and targets of one side of a task; a type and not an interface, so that it is a tree. */
export type Examples = { x: Tensor; y: Tensor };

/** One task as a learner takes it. */
export type TaskTensors = { support: Examples; query: Examples };

/** A task's images or points as float32 tensors of `shape`, its labels as an int32 vector. The
 * caller owns the four tensors. */
export function taskTensors(task: { support: HostExamples; query: HostExamples }): TaskTensors {
  return { support: examplesTensors(task.support), query: examplesTensors(task.query) };
}

/** The tensors of one side of a task. */
export function examplesTensors({ x, y, shape }: HostExamples): Examples {
  const own = y instanceof Int32Array ? [shape[0]] : shape;
  return { x: hostTensor({ data: x, shape }), y: hostTensor({ data: y, shape: own }) };
}

/** The tensor of one array: floats as float32, whole numbers as int32, truth values as bool. */
export function hostTensor({ data, shape, bool }: HostArray): Tensor {
  const whole = data instanceof Int32Array || data instanceof Uint8Array;
  return tensor(data, shape, bool ? "bool" : whole ? "int32" : "float32");
}
