// Layers: pure functions of parameters and input.

export { type ConvLayerOptions, conv } from "./conv";
export type { Context, Layer } from "./layer";
export { type LinearOptions, type LinearParams, linear } from "./linear";
export { type NormOptions, type NormParams, norm } from "./norm";
export { mlp, type Stage, sequential } from "./sequential";
