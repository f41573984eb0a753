// Functions that the graph holds as one op: with a gradient of the user's own, or with one that
// runs the function again instead of keeping what it computed.

import { HypergradError } from "../core/errors";
import { nextId, record, recording, unrecorded } from "../tensor/frame";
import { apply, type Interpreter, interpretedBy, type Op } from "../tensor/op";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { leavesOf, refill, type Tree } from "../tensor/tree";
import { pullBack, trace, zerosLike } from "./backward";
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
  return (...xs) => {
    const y = stopGradient(unrecorded(() => def.forward(...xs)));
    const op = nodeOp("customGradient", ([g], [out], ins) => {
      let made: readonly Tensor[] | null = null;
      const each = () => {
        made ??= def.vjp(g!, out, ins as X);
        if (made.length !== ins.length) {
          throw new HypergradError(
            `customGradient: vjp gave ${made.length} gradients for ${ins.length} inputs. ` +
              "Give one for each, in order.",
          );
        }
        return made;
      };
      return ins.map((_, i) => () => each()[i]);
    });
    if (recording()) record(op, xs, [y], undefined);
    return y;
  };
}

/**
 * `f`, but a backward pass runs it again instead of keeping its intermediate values: less memory
 * for more time. Differentiable to any order by its arguments and by tensors that it closes over.
 */
export function checkpoint<X extends Tree[], Y extends Tree>(f: (...xs: X) => Y): (...xs: X) => Y {
  return (...xs) => {
    if (!recording()) return f(...xs);
    const given = leavesOf("checkpoint", xs);
    const closed = new Set<Tensor>();
    const start = nextId();
    const y = runForward();
    const ys = outputs("checkpoint", y).map((t) => stopGradient(t));
    const inputs = [...given, ...closed];
    record(nodeOp("checkpoint", pull), inputs, ys, undefined);
    return refill(y, ys);

    /** Runs `f` unrecorded, noting the recorded tensors that it reads beside its arguments. */
    function runForward(): Y {
      const known = new Set(given);
      const note: Interpreter = (_op, ins) => {
        for (const x of ins) {
          if (x.node !== null && x.node.id < start && !known.has(x)) closed.add(x);
        }
        return null;
      };
      return scope(() => unrecorded(() => interpretedBy(note, () => f(...xs))));
    }

    function pull(gs: readonly (Tensor | null)[]): (() => Tensor)[] {
      let found: readonly (Tensor | null)[] | null = null;
      const run = () => {
        const traced = trace(inputs, (leaves) => {
          const stand = new Map(inputs.map((x, i) => [x, leaves[i]]));
          const swap = (x: Tensor) => stand.get(x) ?? x;
          return interpretedBy(
            (op, ins, attrs) =>
              ins.some((x) => stand.has(x)) ? apply(op, ins.map(swap), attrs) : null,
            () => outputs("checkpoint", f(...refill(xs, leaves.slice(0, given.length)))),
          );
        });
        return pullBack(traced, gs);
      };
      return inputs.map((x, i) => () => {
        found ??= run();
        return found[i] ?? zerosLike(x);
      });
    }
  };
}
