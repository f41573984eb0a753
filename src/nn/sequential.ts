// Layers in a row.

import { ShapeError } from "../core/errors";
import { type Key, split } from "../ops/random";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import { type Context, type Layer, needInput } from "./layer";
import { linear } from "./linear";

/** A layer, or a function of a tensor such as `relu`. */
export type Stage = AnyLayer | ((x: Tensor) => Tensor);

/** A layer of whatever parameters. */
interface AnyLayer {
  init(key: Key): Tree;
  apply(params: never, x: Tensor, context?: Context): Tensor;
}

type ParamsOf<S> = S extends { init(key: Key): infer P extends Tree } ? P : Record<string, never>;

/** The parameters of stages in a row: a list of theirs, `{}` for functions. */
export type StageParams<S extends readonly Stage[]> = { readonly [I in keyof S]: ParamsOf<S[I]> };

/** Applies the stages in order; its parameters are the list of theirs, `{}` for functions. */
export function sequential<S extends readonly Stage[]>(...stages: S): Layer<StageParams<S>>;
export function sequential(...stages: readonly Stage[]): Layer<readonly Tree[]> {
  for (const [i, stage] of stages.entries()) needStage(i, stage);
  return {
    init: (key) =>
      scope(() => {
        const keys = split(key, stages.length);
        return stages.map((s, i) => (typeof s === "function" ? {} : s.init(keys[i])));
      }),
    apply: (params, x, context) => {
      needInput(x);
      const keys = context?.key === undefined ? [] : split(context.key, stages.length);
      return stages.reduce<Tensor>((y, stage, i) => {
        if (typeof stage === "function") return stage(y);
        if (params[i] === undefined) {
          throw new ShapeError(
            `sequential: no parameters for stage ${i}: there are ${params.length}. Give those of ` +
              "this net's init.",
          );
        }
        const own: Context | undefined =
          keys[i] === undefined ? context : { ...context, key: keys[i] };
        return stage.apply(params[i] as never, y, own);
      }, x);
    },
  };
}

function needStage(place: number, stage: unknown): void {
  if (typeof stage === "function") return;
  const { init, apply } = (stage ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof init === "function" && typeof apply === "function") return;
  throw new TypeError(
    `sequential: stage ${place} is no layer and no function: ${String(stage)}. Give them one by ` +
      "one: sequential(linear(2, 8), relu, linear(8, 1)).",
  );
}

/** Linear layers of these sizes with an activation between them: [1, 40, 40, 1]. */
export function mlp(
  sizes: readonly number[],
  activation: (x: Tensor) => Tensor,
): Layer<readonly Tree[]> {
  const stages: Stage[] = [];
  for (let i = 1; i < sizes.length; i++) {
    if (i > 1) stages.push(activation);
    stages.push(linear(sizes[i - 1], sizes[i]));
  }
  return sequential(...stages);
}
