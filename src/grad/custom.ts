// Functions that the graph holds as one op: with a gradient of the user's own, or with one that
// runs the function again instead of keeping what it computed.

import { HypergradError } from "../core/errors";
import { nextId, record, recording, unrecorded } from "../tensor/frame";
import { apply, type Interpreter, interpretedBy, interpretersNow, type Op } from "../tensor/op";
import { inRegion } from "../tensor/origin";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { leavesOf, refill, type Tree } from "../tensor/tree";
import { pullBack, trace, zerosLike } from "./backward";
import { enclose, expose, heldBy, levelsNow } from "./levels";
import { stopGradient } from "./stop";
import { outputs } from "./vjp";

/** An op that exists only as a node: `pull` is all that is asked of it. */
function nodeOp(name: string, pull: Op["pull"]): Op {
  const never = (): never => {
    throw new HypergradError(`${name}: not to be applied again. Call the function itself.`);
  };
  return {
    name,
    kind: "general",
    differentiable: true,
    specs: never,
    run: never,
    view: null,
    pull,
  };
}

/**
 * A function with a gradient of its own: `vjp(g, y, xs)` gives the gradient of sum(g · y) by each
 * input, in ops. Where an outer gradient runs, `vjp` itself is differentiated, so write it in terms
 * of its arguments.
 * @throws HypergradError when `vjp` gives another number of gradients than there are inputs
 */
export function customGradient<X extends Tensor[]>(def: {
  readonly forward: (...xs: X) => Tensor;
  readonly vjp: (g: Tensor, y: Tensor, xs: X) => readonly Tensor[];
}): (...xs: X) => Tensor {
  return (...given) => {
    const xs = given.map(standIn) as X;
    const y = stopGradient(unrecorded(() => def.forward(...xs)));
    if (!recording()) return y;
    const above = interpretersNow();
    const levels = levelsNow().filter(({ id }) => [y, ...xs].some((x) => isAt(x, id)));
    const single = (x: Tensor) => enclose(x, levels);
    const op = nodeOp("customGradient", ([g], [out], ins) => {
      let made: readonly Tensor[] | null = null;
      const run = () => {
        const gs = def.vjp(single(g!), single(out), ins.map(single) as X);
        if (gs.length !== ins.length) {
          throw new HypergradError(
            `customGradient: vjp gave ${gs.length} gradients for ${ins.length} inputs. ` +
              "Give one for each, in order.",
          );
        }
        return gs.map((x) => expose(x, levels));
      };
      const each = () => {
        // The vmaps of the forward pass may have ended, and others begun.
        const since = interpretersNow().filter((one) => !above.includes(one));
        made ??= interpretedBy([...above, ...since], run);
        return made;
      };
      return ins.map((_, i) => () => each()[i]);
    });
    const out = expose(y, levels);
    record(
      op,
      xs.map((x) => expose(x, levels)),
      [out],
      undefined,
    );
    return single(out);
  };
}

/** What stands for a tensor where a checkpoint runs again: ops see it anyway, nodes made here must
 * be told. */
function standIn(x: Tensor): Tensor {
  const held = interpretersNow().reduceRight((t, { swap }) => swap?.(t) ?? t, x.physical);
  return held === x.physical ? x : heldBy(held, x);
}

/** Whether a value inside vmap depends on the examples of this level. */
function isAt(x: Tensor, level: number): boolean {
  for (let t = x; t.batch !== null; t = t.batch.tensor) if (t.batch.level === level) return true;
  return false;
}

/**
 * `f`, but a backward pass runs it again instead of keeping its intermediate values: less memory
 * for more time. Differentiable to any order by its arguments and by tensors that it closes over.
 */
export function checkpoint<X extends Tree[] = Tensor[], Y extends Tree = Tree>(
  f: (...xs: X) => Y,
): (...xs: X) => Y {
  return rerun("checkpoint", f, f, (again, inputs, gs) => {
    // Inputs have the axes of all examples: no vmap is to add its own to the leaves again.
    const traced = interpretedBy([], () => trace(inputs, again));
    return pullBack(traced, gs);
  });
}

/** What a backward pass does with a function to run again: `again` takes stand-ins of `inputs`, the
 * leaves of the arguments first, and `gs` are cotangents of the forward pass's outputs. All have
 * the axes of all examples of the vmaps around the forward pass. */
export type Backward = (
  again: (leaves: readonly Tensor[]) => Tensor[],
  inputs: readonly Tensor[],
  gs: readonly (Tensor | null)[],
) => readonly (Tensor | null)[];

/**
 * @internal `forward` as one op, of which nothing is kept but arguments, results, and recorded
 * tensors closed over; its gradient is what `back` makes of running `again`, a function of the same
 * arguments that reads the same tensors.
 */
export function rerun<X extends Tree[], Y extends Tree>(
  name: string,
  forward: (...xs: X) => Y,
  again: (...xs: X) => Tree,
  back: Backward,
): (...xs: X) => Y {
  return (...args) => {
    if (!recording()) return forward(...args);
    const shown = leavesOf(name, args).map(standIn);
    const xs = refill(args, shown);
    const given = shown.map((x) => x.physical);
    const above = interpretersNow();
    const closed = new Set<Tensor>();
    const start = nextId();
    const y = runForward();
    const ys = outputs(name, y).map((t) => stopGradient(t));
    const inputs = [...given, ...closed];
    const made = ys.map((t) => t.physical);
    record(nodeOp(name, pull), inputs, made, undefined);
    return refill(y, ys);

    /** Runs `forward` unrecorded, noting the recorded tensors that it reads beside its
     * arguments. */
    function runForward(): Y {
      const known = new Set(given);
      const read = new Set<Tensor>();
      const note = (x: Tensor) => {
        if (known.has(x)) return;
        (x.node !== null && x.node.id < start ? closed : read).add(x);
      };
      const watch: Interpreter = (_op, ins) => {
        ins.forEach(note);
        return null;
      };
      const made = scope(() =>
        unrecorded(() => {
          const y = interpretedBy([watch, ...above], () => forward(...xs));
          for (const t of outputs(name, y)) note(t.physical);
          return y;
        }),
      );
      // The backward pass reads again what others made: no scope around may free that before.
      for (const x of read) if (x.storage !== null) x.pinned = true;
      return made;
    }

    function pull(gs: readonly (Tensor | null)[]): (() => Tensor)[] {
      let found: readonly (Tensor | null)[] | null = null;
      return inputs.map((x, i) => () => {
        found ??= inRegion(() => scope(() => back(runAgain, inputs, gs)));
        return found[i] ?? zerosLike(x);
      });
    }

    /** Runs `again` as in the forward pass, vmaps included, with leaves in the inputs' places. */
    function runAgain(leaves: readonly Tensor[]): Tensor[] {
      const stand = new Map(inputs.map((x, i) => [x, leaves[i]]));
      const swap = (x: Tensor) => stand.get(x) ?? x;
      const replace: Interpreter = (op, ins, attrs) =>
        ins.some((x) => stand.has(x)) ? apply(op, ins.map(swap), attrs) : null;
      const moved = refill(
        xs,
        shown.map((x, i) => heldBy(leaves[i], x)),
      );
      const here = [Object.assign(replace, { swap }), ...above];
      const y = interpretedBy(here, () => again(...moved));
      return outputs(name, y).map((t) => swap(t.physical));
    }
  };
}
