// Every op of the public interface.

export { elu, gelu, leakyRelu, relu, sigmoid, silu, softplus } from "./activation";
export { add, clip, div, maximum, minimum, mul, pow, sub } from "./arithmetic";
export { cast } from "./cast";
export {
  equal,
  greater,
  greaterEqual,
  isFinite,
  isNaN,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
  where,
} from "./compare";
export {
  type Conv1dOptions,
  type ConvInputOptions,
  type ConvKernelOptions,
  type ConvOptions,
  type ConvTransposeOptions,
  conv1d,
  conv2d,
  conv2dInput,
  conv2dKernel,
  convTranspose2d,
} from "./conv";
export { type CumsumOptions, cumsum } from "./cumulative";
export { dropout } from "./dropout";
export { einsum } from "./einsum";
export { expand, sumTo } from "./expand";
export { gather, gatherAlong, oneHot, scatterAdd, scatterAlong } from "./gather";
export { logSumExp } from "./logSumExp";
export {
  binaryCrossEntropy,
  crossEntropy,
  type HuberOptions,
  huber,
  type LossOptions,
  mse,
} from "./losses";
export {
  abs,
  ceil,
  cos,
  erf,
  erfInv,
  exp,
  expm1,
  floor,
  log,
  log1p,
  neg,
  reciprocal,
  round,
  rsqrt,
  sign,
  sin,
  sqrt,
  square,
  tanh,
} from "./math";
export { type MatmulOptions, matmul } from "./matmul";
export { concat, flip, pad, slice, stack, transpose } from "./movement";
export { norm, std } from "./norm";
export { batchNorm, layerNorm, type NormalizeOptions } from "./normalize";
export { type AvgPoolOptions, avgPool2d, maxPool2d, type PoolOptions } from "./pool";
export { prod } from "./product";
export {
  bernoulli,
  categorical,
  type Key,
  key,
  type NormalOptions,
  normal,
  permutation,
  split,
  type TruncatedNormalOptions,
  truncatedNormal,
  type UniformOptions,
  uniform,
} from "./random";
export { ravel } from "./ravel";
export {
  type ArgOptions,
  all,
  any,
  argmax,
  argmin,
  max,
  mean,
  min,
  type ReduceOptions,
  sum,
  type VarianceOptions,
  variance,
} from "./reduce";
export { expandDims, reshape, squeeze } from "./reshape";
export { logSoftmax, type SoftmaxOptions, softmax } from "./softmax";
export { argsort, type SortOptions, sort, topK } from "./sort";
export { tile } from "./tile";
export { tril, triu } from "./triangle";
export { unstack } from "./unstack";
export type { Padding, Pair } from "./window";
