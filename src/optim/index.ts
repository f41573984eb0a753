// Optimizers, in order of rising complexity; what stands around them; learning-rate schedules.

export { type AccumulateState, accumulate } from "./accumulate";
export { type AdamOptions, type AdamState, type AdamWOptions, adam, adamw } from "./adam";
export { clipByNorm, clipByValue, globalNorm } from "./clip";
export { type Ema, type EmaState, ema } from "./ema";
export type { Optimizer, Rate } from "./optimizer";
export {
  type Plateau,
  type PlateauOptions,
  type PlateauState,
  reduceOnPlateau,
} from "./plateau";
export { type RmspropOptions, type RmspropState, rmsprop } from "./rmsprop";
export {
  constant,
  cosine,
  exponential,
  type OneCycleOptions,
  oneCycle,
  type Schedule,
  stepDecay,
  warmup,
} from "./schedules";
export {
  type MomentumOptions,
  type MomentumState,
  momentum,
  type SgdOptions,
  type SgdState,
  sgd,
} from "./sgd";
