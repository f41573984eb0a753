// Values inside `vmap` and what holds them: wrappers with the shape of one example around tensors
// with an axis of examples in front. Gradients are recorded on the latter, which alone have memory.

import { expand } from "../ops/expand";
import { transpose } from "../ops/movement";
import { interpretersNow } from "../tensor/op";
import { type Level, Tensor } from "../tensor/tensor";

/** The vmaps that run now, outermost first. */
export function levelsNow(): Level[] {
  return interpretersNow().flatMap(({ level }) => (level === undefined ? [] : [level]));
}

/** One example's value of a tensor with an axis of examples in front. */
export function wrap(t: Tensor, { id }: { readonly id: number }): Tensor {
  const batch = { level: id, tensor: t };
  return new Tensor(t.device, t.shape.slice(1), t.dtype, null, null, { batch });
}

/** `x` with the axes of these levels in front, outermost first; repeated along those that it does
 * not depend on. Levels further in stay as they are. */
export function expose(x: Tensor, levels: readonly Level[]): Tensor {
  if (levels.length === 0) return x;
  const last = levels[levels.length - 1];
  if (x.batch !== null && x.batch.level > last.id) {
    const exposed = expose(x.batch.tensor, levels);
    return wrap(moved(exposed, levels.length, 0), { id: x.batch.level });
  }
  const own = x.batch?.level === last.id;
  const inner = own ? x.batch!.tensor : expand(x, [last.size, ...x.shape]);
  return expose(inner, levels.slice(0, -1));
}

/** Undoes `expose`. */
export function enclose(x: Tensor, levels: readonly Level[]): Tensor {
  if (levels.length === 0) return x;
  const last = levels[levels.length - 1];
  if (x.batch !== null && x.batch.level > last.id) {
    const whole = moved(x.batch.tensor, 0, levels.length);
    return wrap(enclose(whole, levels), { id: x.batch.level });
  }
  return levels.reduce(wrap, x);
}

/** `x` with axis `from` put at `to`. */
export function moved(x: Tensor, from: number, to: number): Tensor {
  if (from === to) return x;
  const perm = x.shape.map((_, i) => i).filter((i) => i !== from);
  perm.splice(to, 0, from);
  return transpose(x, perm);
}

/** A value of the same levels as `x`, held by `held` instead. */
export function heldBy(held: Tensor, x: Tensor): Tensor {
  if (x.batch === null) return held;
  return wrap(heldBy(held, x.batch.tensor), { id: x.batch.level });
}
