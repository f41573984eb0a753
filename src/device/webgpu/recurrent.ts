// Plans of the LSTM over a whole sequence: one dispatch for all steps while the recurrent weights
// are small enough to be read again and again, else a matmul and a gate kernel for each step.

import backwardWgsl from "../../../kernels/lstmBackward.wgsl";
import forwardWgsl from "../../../kernels/lstmForward.wgsl";
import gatesWgsl from "../../../kernels/lstmGates.wgsl";
import stepWgsl from "../../../kernels/lstmStep.wgsl";
import stepBackwardWgsl from "../../../kernels/lstmStepBackward.wgsl";
import { functions } from "../functions";
import { elementwise } from "./elementwise";
import { movement } from "./movement";
import { ceilDiv, type Plan } from "./plan";
import { matmulFrom } from "./products";
import { INF_NAN, MATH, type Part, part, program, table } from "./program";

const LANES = 256;
const BINDINGS = { reads: 6, writes: 2 };
const gates: readonly Part[] = [MATH, part("lstmGates", gatesWgsl)];

/** Invocations a sequence, by the power of two. */
const whole = table((log) =>
  program("lstmForward", [MATH, part("lstmForward", forwardWgsl)], BINDINGS, [6, 7], {
    WIDTH: 2 ** log,
  }),
);
const wholeBackward = table((log) =>
  program("lstmBackward", [...gates, part("lstmBackward", backwardWgsl)], BINDINGS, [7, 8], {
    WIDTH: 2 ** log,
  }),
);
const step = program("lstmForward", [MATH, part("lstmStep", stepWgsl)], BINDINGS, [7, 8]);
const stepBackward = program(
  "lstmBackward",
  [...gates, part("lstmStepBackward", stepBackwardWgsl)],
  BINDINGS,
  [7, 8],
);

/** Most bytes of recurrent weights that all workgroups together read in one step. */
const TRAFFIC = 64 << 20;

/** How many invocations keep one sequence, as a power of two, and how many workgroups that takes;
 * null when each step is better done by itself. */
function together(sequences: number, h: number): { log: number; groups: number } | null {
  if (h > LANES) return null;
  const log = Math.max(3, Math.ceil(Math.log2(Math.max(1, h))));
  const groups = ceilDiv(sequences, LANES / 2 ** log);
  return groups * 16 * h * h > TRAFFIC ? null : { log, groups };
}

const lstmForward: Plan = (to, inputs, outputs, params) => {
  const [z, wh, bias, h0, c0, mask] = inputs;
  const [hs, cells] = outputs;
  const [batch, t, b, h, masked, ws] = params;
  const all = to.choosing.stepwise ? null : together(batch * b, h);
  if (all !== null) {
    const words = [...params, ...INF_NAN];
    to.dispatch(whole(all.log), [...inputs, ...outputs], words, t === 0 ? 0 : all.groups);
    return;
  }
  const product = to.scratch(batch * b * 4 * h);
  for (let s = 0; s < t; s++) {
    const [from, apart, start] = s === 0 ? [h0, b * h, 0] : [hs, t * b * h, (s - 1) * b * h];
    matmulFrom(to, [from, wh], [product], [batch, b, h, 4 * h, 0, 0, apart, ws], start);
    to.dispatch(
      step,
      [z, product, bias, h0, c0, mask, hs, cells],
      [batch, t, b, h, masked, ws, s, ...INF_NAN],
      ceilDiv(batch * b * h, LANES),
    );
  }
  to.release(product);
};

const lstmBackward: Plan = (to, inputs, outputs, params) => {
  const [cells, c0, wh, mask, gh, gcells] = inputs;
  const [dz, dh0, dc0] = outputs;
  const [batch, t, b, h, masked, more, ws] = params;
  const n = batch * b * h;
  if (t === 0) {
    for (const out of [dh0, dc0]) elementwise.fill(to, [], [out], [n, 0]);
    return;
  }
  const states = to.scratch(2 * n);
  const half = (start: number) => [1, 1, 1, 1, 1, n, start, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1];
  const all = to.choosing.stepwise ? null : together(batch * b, h);
  if (all !== null) {
    const words = [...params, ...INF_NAN];
    to.dispatch(wholeBackward(all.log), [...inputs, dz, states], words, all.groups);
    movement.move(to, [states], [dh0], half(0));
  } else {
    const product = to.scratch(n);
    for (let s = t - 1; s >= 0; s--) {
      to.dispatch(
        stepBackward,
        [cells, c0, mask, gh, gcells, product, dz, states],
        [batch, t, b, h, masked, more, s, ...INF_NAN],
        ceilDiv(n, LANES),
      );
      const sizes = [batch, b, 4 * h, h, 0, 1, t * b * 4 * h, ws];
      matmulFrom(to, [dz, wh], [product], sizes, s * b * 4 * h);
    }
    // What a masked first step kept, and what the others' product gives.
    elementwise.map2(to, [states, product], [dh0], [functions.add.code, n, 1, n, 1, n]);
    to.release(product);
  }
  movement.move(to, [states], [dc0], half(n));
  to.release(states);
};

export const recurrent = { lstmForward, lstmBackward } satisfies Record<string, Plan>;
