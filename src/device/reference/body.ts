// The form of a reference kernel: plain loops over float64 and int32 arrays, which are the
// definition that every other device is compared with.

import type { Signature } from "../kernels";

/** float32 values in 64 bits; int32 and bool as they are. */
export type Data = Float64Array | Int32Array;

/** Inputs, outputs and parameters in the order of the kernel table. */
export type Body = (
  inputs: readonly Data[],
  outputs: readonly Data[],
  params: readonly number[],
) => void;

/** Throws TypeError when a call does not have the operands of the signature: a mistake of the
 * library's own, never of its user. */
export function checkCall(
  name: string,
  { inputs, outputs, params, variadic }: Signature,
  given: { inputs: number; outputs: number; params: number },
): void {
  if (variadic) return;
  if (
    inputs.length !== given.inputs ||
    outputs.length !== given.outputs ||
    params.length !== given.params
  ) {
    throw new TypeError(
      `${name}: takes (${inputs.join(" ")}) -> (${outputs.join(" ")}) [${params.join(" ")}], ` +
        `got ${given.inputs} inputs, ${given.outputs} outputs, ${given.params} parameters.`,
    );
  }
}
