// The module of all kernels: one export for each name of src/device/kernels.ts, with the addresses
// of its inputs, those of its outputs, then its parameters, or the address of these (asm/forms.ts).

export { argsort, intArgsort } from "./argsort";
export { attentionBackward, attentionForward } from "./attention";
export { conv2d } from "./conv2d";
export { conv2dInput } from "./conv2dInput";
export { conv2dKernel } from "./conv2dKernel";
export { badIndex, execute, work } from "./execute";
export { gather, gatherAlong, scatterAdd, scatterAlong } from "./indexing";
export { setTile } from "./gemm";
export { lstmBackward, lstmForward } from "./lstm";
export { fill, fillInt, map1, map2, map3 } from "./map";
export { matmul } from "./matmul";
export { move } from "./move";
export { normalize, normalizeInput } from "./normalize";
export { maxPoolIndex, poolGather, poolScatter, sumPool, sumPoolInput } from "./pooling";
export { randomBits, splitKey } from "./random";
export {
  argmax, argmin, cumsum, intMax, intMin, intProd, intSum, logSumExp, max, min, prod, sum,
} from "./reductions";
export { logSoftmax, softmax } from "./softmax";
export { abandon, fail, join, stop } from "./threads";

/** Where the memory that kernels do not use begins. */
export function heapBase(): usize {
  return __heap_base;
}
