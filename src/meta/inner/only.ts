// An inner optimizer that moves some of the parameters and leaves the others where they are.

import { treePaths } from "../../core/tree";
import type { Tensor } from "../../tensor/tensor";
import { leaves, refill, type Tree } from "../../tensor/tree";
import type { InnerOptimizer } from "../innerOptimizer";

/** `inner` for the parameters whose path, such as `layers[2].w`, `moves` accepts; of the others no
 * inner gradient is worked out. */
export function only<M extends Tree, S extends Tree>(
  moves: (path: string) => boolean,
  inner: InnerOptimizer<M, S>,
): InnerOptimizer<M, S> {
  const moving = (tree: Tree): boolean[] =>
    treePaths(tree).map((path) => moves(path) && (inner.moves?.(path) ?? true));
  const chosen = <T>(tree: Tree, list: readonly T[]): T[] => {
    const chosen = moving(tree);
    return list.filter((_, i) => chosen[i]);
  };
  const part = (tree: Tree): Tensor[] => chosen(tree, leaves(tree));
  return {
    ...inner,
    moves: (path) => moves(path) && (inner.moves?.(path) ?? true),
    initMeta: (params, key, steps) => inner.initMeta(part(params), key, steps),
    init: (params) => inner.init(part(params)),
    update: (grads, state, params, info) => {
      const factors = info.factors && chosen(params, info.factors);
      const [moved, next] = inner.update(part(grads), state, part(params), { ...info, factors });
      const which = moving(params);
      let at = 0;
      const all = leaves(params).map((x, i) => (which[i] ? moved[at++] : x));
      return [refill(params, all), next];
    },
  };
}
