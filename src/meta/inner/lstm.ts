// A learned optimizer that is one small LSTM, shared by all parameters, with a state for each
// single one of them.

import { needPositive, optionsOf } from "../../core/options";
import { lstm as lstmOp } from "../../fused/lstm";
import { lstmCell } from "../../nn/cells";
import { add, div, maximum, mul } from "../../ops/arithmetic";
import { greaterEqual, where } from "../../ops/compare";
import { expand } from "../../ops/expand";
import { abs, log, sign } from "../../ops/math";
import { matmul } from "../../ops/matmul";
import { stack } from "../../ops/movement";
import { type Key, key as keyOf, normal, split } from "../../ops/random";
import { ravel } from "../../ops/ravel";
import { expandDims, reshape } from "../../ops/reshape";
import { inRange } from "../../optim/optimizer";
import { constant } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { leaves } from "../../tensor/tree";
import type { InnerOptimizer } from "../innerOptimizer";

interface LstmOptimizerOptions {
  /** Units of the layers. Default [20, 20]. */
  readonly hidden?: readonly number[];
  /** What the outputs are multiplied by. Default 0.01; 0.1 to 1 suits quadratics. */
  readonly scale?: number;
  /** What is seen of a gradient: "log" its logarithm and sign, as sizes differ between nets;
   * "raw" the number itself, as suits quadratics. Default "log". */
  readonly input?: "log" | "raw";
  /** Gradients from e^−p up are seen by their logarithm. Default 10. */
  readonly p?: number;
}

type CellParams = { readonly wx: Tensor; readonly wh: Tensor; readonly b: Tensor };

type LstmMeta = {
  readonly cells: readonly CellParams[];
  /** From the last layer to a step, [units, 1]. */
  readonly w: Tensor;
};

/** Of every layer, [parameters, units]. */
type LstmState = readonly { readonly h: Tensor; readonly c: Tensor }[];

/** θ ← θ + s · W h, h of an LSTM that sees each parameter's gradient (Andrychowicz et al. 2016).
 * With `order: 1` its input counts as constant, as in that paper. */
export function lstm(options: LstmOptimizerOptions = {}): InnerOptimizer<LstmMeta, LstmState> {
  optionsOf("inner.lstm", options, ["hidden", "scale", "input", "p"]);
  const { hidden = [20, 20], scale = 0.01, input = "log", p = 10 } = options;
  const seen = input === "log" ? 2 : 1;
  inRange("inner.lstm", "scale", scale, 0);
  needPositive("inner.lstm", { p });
  return {
    initMeta: (_, key: Key = keyOf(0)) => {
      const keys = split(key, hidden.length + 1);
      const cells = hidden.map((n, i) => lstmCell.init(keys[i], i === 0 ? seen : hidden[i - 1], n));
      const units = hidden[hidden.length - 1];
      const w = normal(keys[hidden.length], [units, 1], { std: 1 / Math.sqrt(units) });
      return { cells, w };
    },
    init: (params) => {
      const list = leaves(params);
      const n = list.reduce((total, x) => total + x.size, 0);
      const zero = (units: number) => expand(constant(list[0].device, 0, "float32"), [n, units]);
      return hidden.map((units) => ({ h: zero(units), c: zero(units) }));
    },
    update: (grads, state, params, { meta }) => {
      const [g] = ravel(grads);
      const [theta, unravel] = ravel(params);
      let x = expandDims(input === "log" ? preprocessed(g, p) : expandDims(g, 1), 0);
      const next = meta.cells.map((cell, i) => {
        const { y, h, c } = lstmOp(x, cell, { h0: state[i].h, c0: state[i].c });
        x = y;
        return { h, c };
      });
      const last = next[next.length - 1].h;
      const step = reshape(matmul(last, meta.w), [g.size]);
      return [unravel(add(theta, mul(step, scale))), next];
    },
  };
}

/** (log|g| / p, sgn g) where |g| ≥ e^−p, else (−1, e^p g): [n, 2]. */
export function preprocessed(g: Tensor, p: number): Tensor {
  const size = abs(g);
  const edge = Math.exp(-p);
  const large = greaterEqual(size, edge);
  const first = where(large, div(log(maximum(size, edge)), p), -1);
  const second = where(large, sign(g), mul(g, Math.exp(p)));
  return stack([first, second], 1);
}
