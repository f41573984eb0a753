// Forward mode: the derivative of parameters and state by what is learned, pushed along every inner
// step beside them, so that memory does not grow with the steps.

import { ValueError } from "../core/errors";
import { jvp, stopGradient, vmap } from "../grad/index";
import { concat, slice } from "../ops/movement";
import { mean } from "../ops/reduce";
import { reshape } from "../ops/reshape";
import { zerosOf } from "../optim/state";
import { type Like, upload } from "../tensor/create";
import { zeros } from "../tensor/fill";
import type { Tensor } from "../tensor/tensor";
import { leaves, mapTree, refill, type Tree } from "../tensor/tree";
import type { Estimate } from "./evolution";
import type { Carry } from "./loop";
import { weighted } from "./stats";
import type { Task } from "./tasks";
import type { Learned } from "./unroll";

const MOST = 4096; // numbers that are pushed forward
const CHUNK = 64; // of them at once

/** What forward mode asks of a loop. */
export interface Pushed<P extends Tree, M extends Tree, S extends Tree, B> {
  readonly steps: number;
  begin(params: P): Carry<P, S>;
  step(at: Carry<P, S>, meta: M, task: Task<B>, k: number): Carry<P, S>;
  query(params: P, task: Task<B>, k: number): Tensor;
  /** Of the query losses after each step; left out: the last alone. */
  readonly weights?: readonly Like[];
}

/**
 * Forward mode: Z = ∂(parameters, state)/∂φ is pushed along every step beside them, so memory does
 * not grow with the steps, and time grows with the numbers in φ. With `only` "meta" φ is what the
 * inner optimizer learns; gradients by `params` are then zero.
 * @throws ValueError for more than 4,096 numbers
 */
export function forward<P extends Tree, M extends Tree, S extends Tree, B>(
  loop: Pushed<P, M, S, B>,
  learned: Learned<P, M>,
  tasks: Task<B>,
  from: readonly Tree[],
  only: "meta" | undefined,
): Estimate<P, M> {
  const going = from.length > 0;
  const free = only === "meta" || going ? { meta: learned.meta } : learned;
  const list = leaves(free as Tree);
  const size = list.reduce((n, x) => n + x.size, 0);
  if (size > MOST) {
    throw new ValueError(
      `metaGrad: too many numbers for mode "forward": ${size}, it takes ${MOST} at most. Give ` +
        '`by: "meta"`, or use mode "checkpoint".',
    );
  }
  const chunks = Array.from({ length: Math.ceil(size / CHUNK) }, (_, i) =>
    basis(list, i * CHUNK, Math.min(size, (i + 1) * CHUNK)),
  );
  const run = (l: Learned<P, M>, task: Task<B>, at: readonly Tree[]) => {
    const weights = loop.weights;
    const seen: Tensor[] = [];
    const slopes: Tensor[][] = chunks.map(() => []);
    let here = (at[0] as Carry<P, S> | undefined) ?? loop.begin(l.params);
    const still = zerosOf(l as Tree) as Learned<P, M>;
    let tangents = chunks.map((directions) =>
      vmap((direction: Tree) => {
        const along = { ...still, ...(refill(free as Tree, leaves(direction)) as object) };
        const z = going ? zerosOf(here.params) : along.params;
        return { along, z, s: zerosOf(here.state) } as Tree;
      })(directions),
    );
    const look = (k: number) => {
      seen.push(loop.query(here.params, task, k));
      for (const [i, t] of tangents.entries()) {
        const slope = vmap(
          (one: { z: P }) => jvp((p: P) => loop.query(p, task, k), [here.params], [one.z])[1],
        );
        slopes[i].push(slope(t as { z: P }));
      }
    };
    for (let k = 0; k < loop.steps; k++) {
      const before = here;
      const f = (p: P, s: S, m: M): Carry<P, S> => loop.step({ params: p, state: s }, m, task, k);
      here = f(before.params, before.state, l.meta);
      type One = { along: Learned<P, M>; z: P; s: S };
      const push = ({ along, z, s }: One) => {
        const [, moved] = jvp(f, [before.params, before.state, l.meta], [z, s, along.meta]);
        return { along, z: moved.params, s: moved.state } as Tree;
      };
      tangents = tangents.map((t) => vmap(push)(t as One));
      if (weights !== undefined) look(k + 1);
    }
    if (weights === undefined) look(loop.steps);
    const total = (xs: readonly Tensor[]) =>
      weights === undefined ? xs[0] : weighted(xs, weights);
    return {
      objective: total(seen),
      query: seen[seen.length - 1],
      slope: size === 0 ? zeros([0]) : concat(slopes.map(total), 0),
      carry: going ? [stopGradient(here) as unknown as Tree] : [],
    };
  };
  const each = vmap(run as unknown as (...xs: Tree[]) => ReturnType<typeof run>, {
    inAxes: [null, 0, 0],
  });
  const { objective, query, slope, carry } = each(
    learned,
    tasks as unknown as Tree,
    from as unknown as Tree,
  );
  const whole = mean(slope, { axis: 0 });
  let at = 0;
  const grads = mapTree((x) => {
    const own = slice(whole, [at], [x.size]);
    at += x.size;
    return reshape(own, x.shape);
  }, free as Tree) as Learned<P, M>;
  const none = "params" in free ? grads.params : zerosOf(learned.params);
  return { objective, query, grads: { params: none, meta: grads.meta }, carry };
}

/** Unit vectors `from` up to `to` of all numbers of a list: [to − from, ...shape] for each. */
function basis(list: readonly Tensor[], from: number, to: number): Tensor[] {
  let start = 0;
  return list.map((x) => {
    const rows = new Float32Array((to - from) * x.size);
    for (let i = from; i < to; i++) {
      const at = i - start;
      if (at >= 0 && at < x.size) rows[(i - from) * x.size + at] = 1;
    }
    start += x.size;
    return upload(x.device, rows, [to - from, ...x.shape], "float32");
  });
}
