// Changes of type. Only float32 to float32 has a gradient: the others are steps.

import { type DType, needDType } from "../core/dtype";
import { type DefinedOp, defineOp } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { needTensors } from "./checks";
import { equal } from "./compare";
import { elementwise } from "./elementwise";

const toInt = elementwise("cast", { float32: "toInt", gives: "int32" });
const toFloat = elementwise("cast", { int32: "toFloat", bool: "toFloat", gives: "float32" });
const isZero = elementwise("cast", { int32: "logicalNot", gives: "bool" });
const not = elementwise("cast", { bool: "logicalNot" });

const boolToInt: DefinedOp<undefined> = defineOp({
  name: "cast",
  shape: ([x]) => ({ shape: x.shape, dtype: "int32" }),
  view: (x) => ({ repeat: x.repeat }), // bool is stored as 0 and 1
  run: () => {},
  batch: ([x]) => boolToInt([x]),
});

/**
 * The elements as another type: float32 to int32 cuts toward 0, saturates, and makes NaN 0; to
 * bool everything but 0 is true.
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x?.dtype === dtype) return x;
  needTensors("cast", { x });
  if (dtype === "float32") return toFloat([x]);
  if (dtype === "int32") return x.dtype === "bool" ? boolToInt([x]) : toInt([x]);
  needDType("cast", dtype);
  return x.dtype === "int32" ? not([isZero([x])]) : not([equal(x, 0)]);
}
