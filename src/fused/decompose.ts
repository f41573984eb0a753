// The gradient of a fused op by its decomposition: the op is differentiated as the ops that it
// stands for, so a kernel needs no further kernels to be right at any order.

import { pullBack, trace, zerosLike } from "../grad/backward";
import { interpretedBy, interpretersNow } from "../tensor/op";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";

/** What an op's `pull` returns. */
type Pulls = readonly ((() => Tensor) | null)[];

/**
 * For each float32 input what computes its gradient for cotangents `gs` of the results of `f`: all
 * of them come from one backward pass through `f`, made when the first is asked for.
 */
export function pullThrough(
  f: (xs: readonly Tensor[]) => readonly Tensor[],
  xs: readonly Tensor[],
  gs: readonly (Tensor | null)[],
): Pulls {
  const floats = xs.filter((x) => x.dtype === "float32");
  let found: readonly (Tensor | null)[] | null = null;
  const run = () =>
    scope(() => {
      // Recorded tensors have the axes of all examples: no vmap is to add its own to them again.
      const others = interpretersNow().filter(({ level }) => level === undefined);
      const traced = interpretedBy(others, () =>
        trace(floats, (leaves) => {
          const stand = leaves.values();
          return f(xs.map((x) => (x.dtype === "float32" ? stand.next().value! : x)));
        }),
      );
      return pullBack(traced, gs); // cotangents may be those of a vmap around the pullback
    });
  const each = (place: number) => {
    found ??= run();
    return found[place];
  };
  let place = 0;
  return xs.map((x) => {
    if (x.dtype !== "float32") return null;
    const own = place++;
    return () => each(own) ?? zerosLike(x);
  });
}
