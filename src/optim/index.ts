// Optimizers, in order of rising complexity.

export { type AdamOptions, type AdamState, adam } from "./adam";
export type { Optimizer, Rate } from "./optimizer";
export { type MomentumOptions, type MomentumState, momentum, type SgdState, sgd } from "./sgd";
