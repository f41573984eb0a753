// Host data of tasks as tensors of the current device: the one place where `data` meets a device.

import { tensor } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";

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
  const labels = y instanceof Int32Array;
  return {
    x: tensor(x, shape, "float32"),
    y: labels ? tensor(y, [shape[0]], "int32") : tensor(y, shape, "float32"),
  };
}
