// Meta-learning: one inner loop, many inner optimizers.

export { type InnerInfo, type InnerOptimizer, inner } from "./inner";
export { type Maml, type MamlOptions, type MamlState, maml } from "./maml";
export {
  type Learned,
  type MetaGradient,
  type MetaStats,
  type Task,
  type Unrolled,
  type UnrollOptions,
  unroll,
} from "./unroll";
