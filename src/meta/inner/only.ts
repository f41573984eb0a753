// An inner optimizer that moves some of the parameters and leaves the others where they are.

import { treePaths } from "../../core/tree";
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
  /** The tree with `{}` for what stays, so that `inner` finds the others at their paths. */
  const part = (tree: Tree): Tree => {
    const which = moving(tree);
    return refill(
      tree,
      leaves(tree).map((x, i) => (which[i] ? x : {})),
    );
  };
  return {
    ...inner,
    moves: (path) => moves(path) && (inner.moves?.(path) ?? true),
    initMeta: (params, key, steps) => inner.initMeta(part(params), key, steps),
    init: (params) => inner.init(part(params)),
    update: (grads, state, params, info) => {
      const which = moving(params);
      const factors = info.factors?.filter((_, i) => which[i]);
      const [moved, next] = inner.update(part(grads), state, part(params), { ...info, factors });
      const list = leaves(moved);
      let at = 0;
      const all = leaves(params).map((x, i) => (which[i] ? list[at++] : x));
      return [refill(params, all), next];
    },
  };
}
