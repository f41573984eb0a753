// The networks of the experiments, with their sizes.

export { type Bert, type BertContext, type BertOptions, type BertParams, bert } from "./bert";
export { type CifarCnnOptions, cifarCnn } from "./cifarCnn";
export { type FewShotCnnOptions, fewShotCnn } from "./fewShotCnn";
export { type MnistMlpOptions, mnistMlp } from "./mnistMlp";
export type { NamedArray, NamedArrays } from "./published";
export {
  type Resnet,
  type ResnetOptions,
  type ResnetParams,
  type ResnetState,
  type ResnetTrees,
  resnet,
  resnet18,
  resnet50,
} from "./resnet";
export {
  type EncoderOptions,
  type SpeechTransformerOptions,
  type SpeechTransformerParams,
  speechTransformer,
  type TextTransformerOptions,
  type TextTransformerParams,
  textTransformer,
} from "./sequenceTransformer";
export {
  imdbLstm,
  type TextOptions,
  type TextRecurrentOptions,
  type TextRecurrentParams,
  textGru,
  textLstm,
  textRnn,
} from "./textRecurrent";
export { type TitanicMlpOptions, titanicMlp } from "./titanicMlp";
