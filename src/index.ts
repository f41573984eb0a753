// hypergrad: gradients of any order on WebGPU and WebAssembly.

export type { DType, TypedArray } from "./core/dtype";
export {
  DeviceError,
  DTypeError,
  HypergradError,
  IndexError,
  MemoryError,
  ShapeError,
  ValueError,
} from "./core/errors";
export type { Shape } from "./core/shape";
export * as data from "./data/index";
export { episodes, loadSafetensors, saveSafetensors } from "./data/index";
export { device } from "./device/current";
export type { Device, DeviceInfo, DeviceName, Memory } from "./device/device";
export { type GPUSource, type InitOptions, init } from "./device/init";
export type { ProductRule, Tiles } from "./device/tiles";
export { tune } from "./device/tune";
export * from "./fused/index";
export * from "./grad/index";
export * as meta from "./meta/index";
export { anil, inner, maml, protoNet, reptile, unroll } from "./meta/index";
export * as nn from "./nn/index";
export * from "./ops/index";
export * as optim from "./optim/index";
export { type Compiled, type CompileOptions, compile, type StepStats } from "./program/compile";
export { type GraphPageOptions, graphPage } from "./program/graphPage";
export type { GraphView, NodeView } from "./program/view";
export * as search from "./search/index";
export { study } from "./search/index";
export { type Like, tensor } from "./tensor/create";
export { arange, eye, full, linspace, ones, onesLike, zeros, zerosLike } from "./tensor/fill";
export { collectedTensors, dispose, keep, scope } from "./tensor/scope";
export { type Nested, Tensor } from "./tensor/tensor";
export { leaves, mapTree, type Tree } from "./tensor/tree";
export * from "./train/index";
