// Losses, each a scalar mean unless asked otherwise.

import { DTypeError, IndexError, ShapeError, ValueError } from "../core/errors";
import { needPositive, optionsOf } from "../core/options";
import { sameShape, show } from "../core/shape";
import type { Tensor } from "../tensor/tensor";
import { softplus } from "./activation";
import { clip, mul, sub } from "./arithmetic";
import { cast } from "./cast";
import { needFloats, needSameShape, needTensors } from "./checks";
import { gatherAlong } from "./gather";
import { neg, square } from "./math";
import { mean, sum } from "./reduce";
import { expandDims, squeeze } from "./reshape";
import { logSoftmax } from "./softmax";

export interface LossOptions {
  /** "none" gives one loss for each element or row. Default "mean". */
  readonly reduction?: "mean" | "sum" | "none";
}

function reduced(losses: Tensor, { reduction = "mean" }: LossOptions): Tensor {
  if (reduction === "mean") return mean(losses);
  return reduction === "sum" ? sum(losses) : losses;
}

function checkReduction(name: string, options: LossOptions): void {
  const { reduction = "mean" } = optionsOf(name, options, ["reduction"]);
  if (["mean", "sum", "none"].includes(reduction)) return;
  throw new ValueError(`${name}: unknown reduction: "${reduction}". Use "mean", "sum" or "none".`);
}

/**
 * Cross entropy of softmax(logits) over the last axis, one loss a row.
 * @param logits [..., classes]
 * @param targets int32 labels [...], or float32 probabilities of the logits' shape
 * @throws ShapeError when the targets do not fit
 * @throws IndexError for a label outside 0 to classes - 1, on devices that see values at once
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  needFloats("crossEntropy", { logits });
  needTensors("crossEntropy", { targets });
  checkReduction("crossEntropy", options);
  const rows = logits.shape.slice(0, -1);
  if (targets.dtype === "bool") {
    throw new DTypeError(
      "crossEntropy: wrong dtype: the targets are bool. Give int32 labels or float32 " +
        "probabilities.",
    );
  }
  const labels = targets.dtype === "int32";
  if (logits.shape.length === 0 || !sameShape(targets.shape, labels ? rows : logits.shape)) {
    const want = labels
      ? `labels of shape ${show(rows)}`
      : "probabilities of the logits' shape, or labels as int32";
    throw new ShapeError(
      `crossEntropy: targets do not fit: logits is ${show(logits.shape)}, targets is ` +
        `${show(targets.shape)} ${targets.dtype}. Give ${want}.`,
    );
  }
  const logs = logSoftmax(logits);
  const losses = labels ? neg(ofLabels(logs, targets)) : neg(sum(mul(targets, logs), { axis: -1 }));
  return reduced(losses, options);
}

/** From each row [..., classes] the element of its label. */
function ofLabels(logs: Tensor, labels: Tensor): Tensor {
  try {
    return squeeze(gatherAlong(logs, expandDims(labels, labels.shape.length), -1), -1);
  } catch (error) {
    if (!(error instanceof IndexError)) throw error;
    throw new IndexError(error.message.replace("gatherAlong: index", "crossEntropy: label"));
  }
}

/**
 * Mean squared error.
 * @throws ShapeError unless both have one shape
 */
export function mse(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  needFloats("mse", { prediction, target });
  needSameShape("mse", ["prediction", prediction.shape], ["target", target.shape]);
  checkReduction("mse", options);
  return reduced(square(sub(prediction, target)), options);
}

export interface HuberOptions extends LossOptions {
  /** Distance from which the loss grows in a line. Default 1. */
  readonly delta?: number;
}

/**
 * Huber's loss (1964): d²/2 of distances d up to `delta`, delta · (|d| − delta / 2) beyond. With
 * delta 1 it is also called smooth L1.
 * @throws ShapeError unless both have one shape
 * @throws ValueError unless delta is above 0
 */
export function huber(prediction: Tensor, target: Tensor, options: HuberOptions = {}): Tensor {
  const { delta = 1, ...rest } = optionsOf("huber", options, ["delta", "reduction"]);
  needFloats("huber", { prediction, target });
  needSameShape("huber", ["prediction", prediction.shape], ["target", target.shape]);
  checkReduction("huber", rest);
  needPositive("huber", { delta });
  const d = sub(prediction, target);
  const near = clip(d, -delta, delta);
  return reduced(mul(near, sub(d, mul(near, 0.5))), rest);
}

/**
 * Cross entropy of sigmoid(logits) with targets in [0, 1], without overflow: softplus(z) − z · t.
 * Targets may be int32 or bool as well.
 * @throws ShapeError unless both have one shape
 */
export function binaryCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  options: LossOptions = {},
): Tensor {
  needFloats("binaryCrossEntropy", { logits });
  needTensors("binaryCrossEntropy", { targets });
  needSameShape("binaryCrossEntropy", ["logits", logits.shape], ["targets", targets.shape]);
  checkReduction("binaryCrossEntropy", options);
  return reduced(sub(softplus(logits), mul(logits, cast(targets, "float32"))), options);
}
