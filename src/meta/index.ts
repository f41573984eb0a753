// Meta-learning: one inner loop, many inner optimizers.

export { check, type MetaCheckOptions, type MetaCheckReport } from "./check";
export type { Factors } from "./factors";
export { inner } from "./inner/index";
export type { InnerInfo, InnerOptimizer } from "./innerOptimizer";
export type { Carry, Mode } from "./loop";
export { type Maml, type MamlOptions, type MamlState, maml } from "./maml";
export { multiStepWeights } from "./stats";
export type { Task, Tasks } from "./tasks";
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
