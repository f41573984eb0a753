// The linear layers that networks end in: each hidden one with ReLU and dropout, then the outputs.

import { needWhole } from "../../core/options";
import { relu } from "../../ops/activation";
import { dropout } from "../dropout";
import { linear } from "../linear";
import type { Stage } from "../sequential";

/** Stages from `width` features to `outputs` logits; `rate` is that of dropout behind each hidden
 * layer, where a key is given. */
export function denseStages(
  width: number,
  hidden: readonly number[],
  outputs: number,
  rate: number,
): Stage[] {
  const stages: Stage[] = [];
  let inputs = width;
  for (const [i, units] of hidden.entries()) {
    needWhole("dense layers", { [`hidden[${i}]`]: units }, 1);
    stages.push(linear(inputs, units), relu);
    if (rate > 0) stages.push(dropout(rate));
    inputs = units;
  }
  return [...stages, linear(inputs, outputs, { gain: 1 })];
}
