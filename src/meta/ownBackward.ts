// `valueAndGrad` with a backward pass of its own, which an outer gradient runs in place of that of
// the gradient's ops: nothing but the parameters is kept for it.

import { pullBack, trace, zerosLike } from "../grad/backward";
import { type Backward, rerun } from "../grad/custom";
import { valueAndGrad } from "../grad/index";
import { enclose, expose, levelsNow } from "../grad/levels";
import { onesLike } from "../tensor/fill";
import type { Tensor } from "../tensor/tensor";
import { leaves, mapTree, type Tree } from "../tensor/tree";

/** What such a backward pass is made of. */
export interface Parts {
  /** The function again, of all inputs. */
  readonly again: Parameters<Backward>[0];
  /** The parameters' leaves, then what the function closes over. */
  readonly inputs: readonly Tensor[];
  readonly moving: readonly Tensor[];
  readonly fixed: readonly Tensor[];
  /** Gradient of the function at other inputs, by all of them, times `weight` (1 when null). */
  gradient(at: readonly Tensor[], weight: Tensor | null): Tensor[];
  /** Cotangents of the value and of the gradient's leaves; null is zero. */
  readonly gs: Parameters<Backward>[2];
}

/** `valueAndGrad(f)` as one op `name` whose gradient by all inputs is what `back` gives. */
export function withBackward<P extends Tree>(
  name: string,
  f: (params: P) => Tensor,
  back: (parts: Parts) => ReturnType<Backward>,
): (params: P) => [Tensor, P] {
  const run = valueAndGrad(f);
  return (params) => {
    const levels = levelsNow();
    // Cotangents have the axes of all examples, so the parameters that they move must have them.
    const own = mapTree((x) => enclose(expose(x, levels), levels), params);
    const n = leaves(params).length;
    const both = rerun(name, run, f as (params: P) => Tree, (again, inputs, gs) => {
      const gradient = (at: readonly Tensor[], weight: Tensor | null): Tensor[] => {
        const traced = trace(at, again);
        const found = pullBack(traced, [weight ?? onesLike(traced.ys[0])]);
        return found.map((g, i) => g ?? zerosLike(inputs[i]));
      };
      const [moving, fixed] = [inputs.slice(0, n), inputs.slice(n)];
      return back({ again, inputs, moving, fixed, gradient, gs });
    });
    return both(own) as [Tensor, P];
  };
}
