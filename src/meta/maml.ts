// Model-agnostic meta-learning (Finn et al. 2017): an initialisation that adapts in few steps,
// learned by an outer optimizer from gradients through the inner loop.

import type { Tree } from "../tensor/tree";
import { only } from "./inner/only";
import { type Trained, trained, type WithOuter } from "./trained";
import { type Unrolled, type UnrollOptions, unroll } from "./unroll";

export type MamlOptions<P extends Tree, M extends Tree, S extends Tree, B> = UnrollOptions<
  P,
  M,
  S,
  B
> &
  WithOuter;

export type Maml<P extends Tree, M extends Tree, B, S extends Tree = Tree> = Trained<P, M, B> &
  Unrolled<P, M, B, S>;

/** A meta-learner: `unroll` with an outer optimizer around it. */
export function maml<P extends Tree, M extends Tree, S extends Tree, B>(
  options: MamlOptions<P, M, S, B>,
): Maml<P, M, B, S> {
  const loop = unroll(options);
  return { ...loop, ...trained(loop, options.outer) };
}

export type AnilOptions<P extends Tree, M extends Tree, S extends Tree, B> = MamlOptions<
  P,
  M,
  S,
  B
> & {
  /** Which parameters the inner loop changes, by path such as `layers[4].w`. */
  readonly head: (path: string) => boolean;
};

/** Almost no inner loop (Raghu et al. 2020): inner steps change the head only, the meta-gradient
 * reaches all parameters. */
export function anil<P extends Tree, M extends Tree, S extends Tree, B>(
  options: AnilOptions<P, M, S, B>,
): Maml<P, M, B, S> {
  return maml({ ...options, inner: only(options.head, options.inner) });
}
