// What `data` offers: pools of classes, tasks drawn from them, and file forms.

export { type Stream, stream } from "../core/random";
export {
  type Batches,
  type BatchOptions,
  type BatchSettings,
  type BatchTensors,
  batches,
  batchTensors,
  type HostBatch,
  prefetch,
} from "./batches";
export { type CharacterOptions, characters } from "./characters";
export {
  type DelimitedOptions,
  parseDelimited,
  type Rows,
  readDelimited,
} from "./delimited";
export {
  type Batch,
  type Episode,
  type EpisodeIds,
  type EpisodeOptions,
  type Episodes,
  episodeOf,
  episodes,
} from "./episodes";
export { type Features, tableFeatures } from "./features";
export { gunzip } from "./gzip";
export { decodeIdx, idx } from "./idx";
export {
  type Augmentation,
  cifarImages,
  type ImageSet,
  idxImages,
  imageBatch,
  type Normalization,
  normalizationOf,
} from "./images";
export { type LogMelOptions, logMel } from "./logMel";
export { type OmniglotPart, omniglot } from "./omniglot";
export {
  type ClassPool,
  classPool,
  countOf,
  imageOf,
  type PoolParts,
  rotations,
  selectClasses,
  splitClasses,
} from "./pool";
export {
  decodeSafetensors,
  encodeSafetensors,
  type HostArray,
  type SafetensorsFile,
} from "./safetensors";
export { arraysTree, loadSafetensors, refillTree, saveSafetensors, treeArrays } from "./save";
export { frameBatch, type SequenceOptions, symbolBatch } from "./sequences";
export { type Points, type SinusoidOptions, type SinusoidTask, sinusoids } from "./sinusoid";
export { type Folder, readBytes, readUnpacked, type Source } from "./source";
export { type FoldOptions, folds, type Split, type SplitOptions, splitExamples } from "./splits";
export {
  type CategoryColumn,
  type Column,
  type ColumnSchema,
  type NumberColumn,
  parseTable,
  readTable,
  type Schema,
  type Table,
  type TextColumn,
} from "./table";
export {
  type Examples,
  examplesTensors,
  type HostExamples,
  type TaskTensors,
  taskTensors,
} from "./tensors";
export {
  PADDING,
  UNKNOWN,
  type Vocabulary,
  type VocabularyOptions,
  vocabulary,
  vocabularyOf,
  wordsOf,
} from "./vocabulary";
export { decodeWav, pcm16, type Sound, wav } from "./wav";
export {
  basicTokens,
  type EncodedTexts,
  type TextOrPair,
  type WordPiece,
  type WordPieceOptions,
  wordPiece,
} from "./wordPiece";
export { writeBytes } from "./write";
