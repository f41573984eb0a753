// Layers: pure functions of parameters and input.

export { type Cell, type CellState, gruCell, lstmCell, rnnCell } from "./cells";
export { type ConvLayerOptions, conv } from "./conv";
export { type Conv1dLayerOptions, conv1d } from "./conv1d";
export { dropout } from "./dropout";
export { type EmbeddingParams, embedding } from "./embedding";
export { flatten } from "./flatten";
export type { Context, Layer } from "./layer";
export { type LinearOptions, type LinearParams, linear } from "./linear";
export * as models from "./models/index";
export {
  type AttentionLayer,
  type AttentionParams,
  type MultiHeadOptions,
  multiHeadAttention,
} from "./multiHeadAttention";
export { type NormOptions, type NormParams, norm } from "./norm";
export { avgPool, globalAvgPool, globalMaxPool, maxPool } from "./pool";
export { learnedPositions, sinusoidalPositions, sinusoids } from "./position";
export {
  type Directions,
  gruLayer,
  lstmLayer,
  type RecurrentLayer,
  type RecurrentOptions,
  rnnLayer,
  type SequenceOptions,
} from "./recurrent";
export { type ResidualParams, residual } from "./residual";
export { mlp, type Stage, type StageParams, sequential } from "./sequential";
export {
  type NormRun,
  type NormState,
  type StatefulNorm,
  type StatefulNormOptions,
  statefulNorm,
} from "./statefulNorm";
export { type TransformerOptions, type TransformerParams, transformerBlock } from "./transformer";
