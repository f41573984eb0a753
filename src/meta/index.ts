// Meta-learning: one inner loop, many inner optimizers.

export { check, type MetaCheckOptions, type MetaCheckReport } from "./check";
export { type Divergence, divergences } from "./divergence";
export type { EvolutionOptions } from "./evolution";
export type { Factors } from "./factors";
export { type Imaml, type ImamlOptions, imaml } from "./imaml";
export * as inner from "./inner/index";
export type { LrNet, LrNetOptions, LrNetState } from "./inner/lrNet";
export type { InnerInfo, InnerOptimizer } from "./innerOptimizer";
export type { Carry, Mode } from "./loop";
export { type AnilOptions, anil, type Maml, type MamlOptions, maml } from "./maml";
export { type Examples, type ProtoNet, type ProtoNetOptions, protoNet } from "./protoNet";
export { type Reptile, type ReptileOptions, reptile } from "./reptile";
export { multiStepWeights } from "./stats";
export type { Task, Tasks } from "./tasks";
export type { MamlState, Trained } from "./trained";
export {
  type Carries,
  type Evaluation,
  type Learned,
  type MetaGradient,
  type MetaGradOptions,
  type MetaStats,
  type Unrolled,
  type UnrollOptions,
  unroll,
} from "./unroll";
