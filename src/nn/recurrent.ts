// Recurrent layers: a cell stacked, run both ways, with dropout between the layers.

import { ShapeError } from "../core/errors";
import { needWhole, optionsOf } from "../core/options";
import { show } from "../core/shape";
import { maskOf } from "../fused/steps";
import { dropout } from "../ops/dropout";
import { tanh } from "../ops/math";
import { concat, flip } from "../ops/movement";
import { type Key, split } from "../ops/random";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import { type Cell, type CellState, gruCell, lstmCell, rnnCell } from "./cells";
import type { Layer } from "./layer";

export interface RecurrentOptions {
  /** Layers on top of each other. Default 1. */
  readonly layers?: number;
  /** Run backwards in time as well: y is both, [..., 2 units]. Default false. */
  readonly bidirectional?: boolean;
  /** Rate of dropout between layers, where a key is given. Default 0. */
  readonly dropout?: number;
}

/** What each direction of a layer has. */
export type Directions<T extends Tree> =
  | { readonly forward: T }
  | { readonly forward: T; readonly backward: T };

export interface SequenceOptions<S extends Tree> {
  /** The state before the first step, as `run` returned it. Default: zeros. */
  readonly state?: readonly Directions<S>[];
  /** Which steps are there, bool [t, b]. */
  readonly mask?: Tensor;
  /** How many steps each sequence has, int32 [b]: a mask of the first ones. */
  readonly lengths?: Tensor;
  /** Randomness of dropout. */
  readonly key?: Key;
}

/** A layer over sequences x [t, b, inputs]; `apply` gives y of `run`. */
export interface RecurrentLayer<P extends Tree, S extends CellState>
  extends Layer<readonly Directions<P>[]> {
  /**
   * y [t, b, units], of the last layer, 0 past a sequence's end, and the state of every layer
   * after its last step; backwards that is after the first step of x.
   */
  run(
    params: readonly Directions<P>[],
    x: Tensor,
    options?: SequenceOptions<S>,
  ): { readonly y: Tensor; readonly state: readonly Directions<S>[] };
}

/** A stack of LSTMs; see `lstm`. Its state is h and c of each layer. */
export function lstmLayer(inputs: number, units: number, options: RecurrentOptions = {}) {
  return recurrent("lstmLayer", lstmCell, inputs, units, options);
}

/** A stack of gated recurrent units. Its state is h of each layer. */
export function gruLayer(inputs: number, units: number, options: RecurrentOptions = {}) {
  return recurrent("gruLayer", gruCell, inputs, units, options);
}

/** A stack of simple recurrent networks; `activation` is tanh unless given. */
export function rnnLayer(
  inputs: number,
  units: number,
  options: RecurrentOptions & { readonly activation?: (x: Tensor) => Tensor } = {},
) {
  const { activation = tanh, ...rest } = options;
  return recurrent("rnnLayer", rnnCell(activation), inputs, units, rest);
}

function recurrent<P extends Tree, S extends CellState>(
  name: string,
  cell: Cell<P, S>,
  inputs: number,
  units: number,
  options: RecurrentOptions,
): RecurrentLayer<P, S> {
  optionsOf(name, options, ["layers", "bidirectional", "dropout"]);
  const { layers = 1, bidirectional = false, dropout: rate = 0 } = options;
  needWhole(name, { layers }, 1);
  const both = bidirectional ? 2 : 1;

  const init = (key: Key) =>
    scope(() => {
      const keys = split(key, layers * both);
      return Array.from({ length: layers }, (_, i): Directions<P> => {
        const width = i === 0 ? inputs : both * units;
        const forward = cell.init(keys[both * i], width, units);
        if (!bidirectional) return { forward };
        return { forward, backward: cell.init(keys[2 * i + 1], width, units) };
      });
    });

  const run: RecurrentLayer<P, S>["run"] = (params, x, options = {}) => {
    if (x.shape.length !== 3 || x.shape[2] !== inputs) {
      throw new ShapeError(
        `${name}: x does not fit: x is ${show(x.shape)}. Give [t, b, ${inputs}], time first.`,
      );
    }
    return scope(() => {
      const { state, lengths, key } = options;
      const mask =
        options.mask ?? (lengths === undefined ? undefined : maskOf(lengths, x.shape[0]));
      const keys = key === undefined ? null : split(key, layers);
      const last: Directions<S>[] = [];
      let y = x;
      for (const [i, own] of params.entries()) {
        if (i > 0 && keys !== null) y = dropout(keys[i], y, rate);
        const before = state?.[i];
        const ahead = cell.run(own.forward, y, before?.forward, mask);
        if (!("backward" in own)) {
          last.push({ forward: ahead.state });
          y = ahead.y;
          continue;
        }
        const begin = before !== undefined && "backward" in before ? before.backward : undefined;
        // Where a sequence is shorter, its padding comes first now, and the state waits.
        const turned = mask === undefined ? undefined : flip(mask, 0);
        const behind = cell.run(own.backward, flip(y, 0), begin, turned);
        last.push({ forward: ahead.state, backward: behind.state });
        y = concat([ahead.y, flip(behind.y, 0)], -1);
      }
      return { y, state: last };
    });
  };

  return {
    init,
    run,
    apply: (params, x, context) =>
      scope(() => run(params, x, { mask: context?.mask, key: context?.key }).y),
  };
}
