// The perceptron of the Titanic experiments: dense, ReLU, dense, ReLU, one logit.

import { needWhole, optionsOf } from "../../core/options";
import type { Tree } from "../../tensor/tree";
import type { Layer } from "../layer";
import { sequential } from "../sequential";
import { denseStages } from "./dense";

export interface TitanicMlpOptions {
  /** Units of the two hidden layers. Default [32, 16]. */
  readonly hidden?: readonly number[];
  /** Rate of dropout behind each hidden layer, where a key is given. Default 0. */
  readonly dropout?: number;
  /** 1 for a logit of survival; 2 for one of each class. Default 1. */
  readonly classes?: number;
}

/** Rows [n, inputs] to logits [n, classes]. */
export function titanicMlp(
  inputs: number,
  options: TitanicMlpOptions = {},
): Layer<readonly Tree[]> {
  optionsOf("titanicMlp", options, ["hidden", "dropout", "classes"]);
  const { hidden = [32, 16], dropout = 0, classes = 1 } = options;
  needWhole("titanicMlp", { inputs, classes }, 1);
  return sequential(...denseStages(inputs, hidden, classes, dropout));
}
