// A case of the correctness table: one op as each library writes it, on numbers that stay clear of
// its kinks and poles while the truth is sampled.

import type { Tensor } from "hypergrad";
import type { JaxArray } from "../jax";
import type { TfTensor } from "../tfjs";

/** "any": of both signs, none near 0. "apart": no two near each other. */
export type Kind = "any" | "positive" | "apart" | "unit";

export interface Operand {
  readonly kind: Kind;
  readonly shape: readonly number[];
}

export interface Case {
  readonly name: string;
  readonly inputs: readonly Operand[];
  readonly own: (xs: Tensor[]) => Tensor;
  /** Null where the library has no such op. */
  readonly tf: ((xs: TfTensor[]) => TfTensor) | null;
  readonly jax: ((xs: JaxArray[]) => JaxArray) | null;
}

export const any = (...shape: number[]): Operand => ({ kind: "any", shape });
export const positive = (...shape: number[]): Operand => ({ kind: "positive", shape });
export const apart = (...shape: number[]): Operand => ({ kind: "apart", shape });
export const unit = (...shape: number[]): Operand => ({ kind: "unit", shape });

type One<T> = (x: T) => T;

/** A case of one input; `theirs` and `jaxs` are TensorFlow.js and jax-js. */
export const one = (
  name: string,
  input: Operand,
  own: One<Tensor>,
  theirs: One<TfTensor> | null,
  jaxs: One<JaxArray> | null,
): Case => ({
  name,
  inputs: [input],
  own: ([x]) => own(x),
  tf: theirs === null ? null : ([x]) => theirs(x),
  jax: jaxs === null ? null : ([x]) => jaxs(x.ref),
});

/** A case of two inputs. */
export const two = (
  name: string,
  inputs: readonly [Operand, Operand],
  own: (x: Tensor, y: Tensor) => Tensor,
  theirs: ((x: TfTensor, y: TfTensor) => TfTensor) | null,
  jaxs: ((x: JaxArray, y: JaxArray) => JaxArray) | null,
): Case => ({
  name,
  inputs,
  own: ([x, y]) => own(x, y),
  tf: theirs === null ? null : ([x, y]) => theirs(x, y),
  jax: jaxs === null ? null : ([x, y]) => jaxs(x.ref, y.ref),
});
