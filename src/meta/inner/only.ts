// An inner optimizer that moves some of the parameters and leaves the others where they are.

import { ValueError } from "../../core/errors";
import { treePaths } from "../../core/tree";
import type { Tensor } from "../../tensor/tensor";
import { leaves, mapTree, refill, type Tree } from "../../tensor/tree";
import type { InnerOptimizer } from "../innerOptimizer";

/**
 * `inner` for the parameters whose path, such as `layers[2].w`, `moves` accepts; of the others no
 * inner gradient is worked out.
 * @throws ValueError at the first step when it accepts none of them
 */
export function only<M extends Tree, S extends Tree>(
  moves: (path: string) => boolean,
  inner: InnerOptimizer<M, S>,
): InnerOptimizer<M, S> {
  const both = (path: string) => moves(path) && (inner.moves?.(path) ?? true);
  const moving = (tree: Tree): boolean[] => treePaths(tree).map(both);
  /** The tree with `{}` for what stays, so that `inner` finds the others at their paths. */
  const part = (tree: Tree): Tree => {
    const which = moving(tree);
    const list = leaves(tree).map((x, i) => (which[i] ? x : {}));
    return refill(tree, list);
  };
  return {
    ...inner,
    moves: both,
    initMeta: (params, key, steps) => inner.initMeta(part(params), key, steps),
    init: (params) => {
      const paths = treePaths(params);
      if (!paths.some(both)) {
        throw new ValueError(
          `inner.only: no parameter moves: of ${paths.join(", ")} none is accepted. ` +
            "Accept one at least.",
        );
      }
      return inner.init(part(params));
    },
    update: (grads, state, params, info) => {
      const which = moving(params);
      const factors = info.factors?.filter((_, i) => which[i]);
      const [moved, next] = inner.update(part(grads), state, part(params), { ...info, factors });
      return [replaced(params, which, leaves(moved)), next];
    },
  };
}

/** The tree with these in the places of some of its leaves, in the order of `leaves`. */
export function replaced<T extends Tree>(
  tree: T,
  which: readonly boolean[],
  by: readonly Tensor[],
): T {
  let [at, next] = [0, 0];
  return mapTree((x) => (which[at++] ? by[next++] : x), tree);
}
