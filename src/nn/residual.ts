// A layer and a way around it.

import { add } from "../ops/arithmetic";
import { split } from "../ops/random";
import { scope } from "../tensor/scope";
import type { Tree } from "../tensor/tree";
import type { Layer } from "./layer";

export type ResidualParams<P extends Tree, Q extends Tree> =
  | { readonly body: P }
  | { readonly body: P; readonly shortcut: Q };

/**
 * x + body(x) (He et al. 2016); with `shortcut`, a layer that brings x to the shape of the body's
 * result, shortcut(x) + body(x).
 */
export function residual<P extends Tree, Q extends Tree = Tree>(
  body: Layer<P>,
  shortcut?: Layer<Q>,
): Layer<ResidualParams<P, Q>> {
  return {
    init: (key) =>
      scope(() => {
        const [first, second] = split(key, 2);
        const own = { body: body.init(first) };
        return shortcut === undefined ? own : { ...own, shortcut: shortcut.init(second) };
      }),
    apply: (params, x, context) => {
      const keys = context?.key === undefined ? null : split(context.key, 2);
      const part = (i: number) => (keys === null ? context : { ...context, key: keys[i] });
      const y = body.apply(params.body, x, part(0));
      if (shortcut === undefined || !("shortcut" in params)) return add(x, y);
      return add(shortcut.apply(params.shortcut, x, part(1)), y);
    },
  };
}
