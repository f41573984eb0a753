// Meta-learning: one inner loop, many inner optimizers.

export { type InnerInfo, type InnerOptimizer, inner } from "./inner";
export { type Maml, type MamlOptions, type MamlState, maml } from "./maml";
export type { Task, Tasks } from "./tasks";
export {
  type Learned,
  type MetaGradient,
  type MetaStats,
  type Unrolled,
  type UnrollOptions,
  unroll,
} from "./unroll";
