// Plans of pooling and of random bits: one invocation an element or a pair of words.

import maxPoolIndex from "../../../kernels/maxPoolIndex.wgsl";
import poolGather from "../../../kernels/poolGather.wgsl";
import poolScatter from "../../../kernels/poolScatter.wgsl";
import sumPool from "../../../kernels/sumPool.wgsl";
import sumPoolInput from "../../../kernels/sumPoolInput.wgsl";
import threefry from "../../../kernels/threefry.wgsl";
import { ceilDiv, type Plan } from "./plan";
import { part, program, table } from "./program";

const LANES = 256;

/** `onto`: whether an invocation owns a pixel of x, rather than a window. */
function pool(name: string, text: string, reads: number, onto: boolean): Plan {
  const chosen = program(name, [part(name, text)], { reads, writes: 1 });
  return (to, inputs, [out], params) => {
    const [n, h, w, c, , , oh, ow] = params;
    const elements = onto ? n * h * w * c : n * oh * ow * c;
    to.dispatch(chosen, [...inputs, out], params, ceilDiv(elements, LANES));
  };
}

export const pooling = {
  maxPoolIndex: pool("maxPoolIndex", maxPoolIndex, 1, false),
  poolGather: pool("poolGather", poolGather, 2, false),
  poolScatter: pool("poolScatter", poolScatter, 2, true),
  sumPool: pool("sumPool", sumPool, 1, false),
  sumPoolInput: pool("sumPoolInput", sumPoolInput, 1, true),
} satisfies Record<string, Plan>;

const threefryProgram = table((split) =>
  program(
    split ? "splitKey" : "randomBits",
    [part("threefry", threefry)],
    { reads: 1, writes: 1 },
    [],
    { SPLIT: split },
  ),
);

export const random = {
  randomBits: (to, [key], [out], [b, n]) =>
    to.dispatch(threefryProgram(0), [key, out], [b, n], ceilDiv(b * ceilDiv(n, 2), LANES)),
  splitKey: (to, [key], [out], [b, n]) =>
    to.dispatch(threefryProgram(1), [key, out], [b, n], ceilDiv(b * n, LANES)),
} satisfies Record<string, Plan>;
