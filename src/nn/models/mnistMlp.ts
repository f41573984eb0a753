// The perceptron of the MNIST experiments: 784-512-512-10 with dropout .2 unless told otherwise.

import { needWhole, optionsOf } from "../../core/options";
import type { Tree } from "../../tensor/tree";
import { flatten } from "../flatten";
import type { Layer } from "../layer";
import { sequential } from "../sequential";
import { denseStages } from "./dense";

export interface MnistMlpOptions {
  /** Numbers of an image. Default 784. */
  readonly inputs?: number;
  /** Units of each hidden layer. Default [512, 512]. */
  readonly hidden?: readonly number[];
  /** Default 10. */
  readonly classes?: number;
  /** Rate of dropout behind each hidden layer, where a key is given. Default 0.2. */
  readonly dropout?: number;
}

/** Images [n, ...], each of `inputs` numbers, to logits [n, classes]. */
export function mnistMlp(options: MnistMlpOptions = {}): Layer<readonly Tree[]> {
  optionsOf("mnistMlp", options, ["inputs", "hidden", "classes", "dropout"]);
  const { inputs = 784, hidden = [512, 512], classes = 10, dropout = 0.2 } = options;
  needWhole("mnistMlp", { inputs, classes }, 1);
  return sequential(flatten, ...denseStages(inputs, hidden, classes, dropout));
}
