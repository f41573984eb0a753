// Plans of attention: forward in one pass over blocks of keys; backward in two, one that owns the
// queries and one that owns the keys, so that neither needs atomics.

import blockWgsl from "../../../kernels/attentionBlock.wgsl";
import forwardWgsl from "../../../kernels/attentionForward.wgsl";
import keyWgsl from "../../../kernels/attentionKey.wgsl";
import queryWgsl from "../../../kernels/attentionQuery.wgsl";
import statsWgsl from "../../../kernels/attentionStats.wgsl";
import { ceilDiv, type Plan } from "./plan";
import { INF_NAN, MATH, type Part, part, program } from "./program";

/** Queries or keys of a workgroup. */
const BLOCK = 32;
/** Place of `scale` among the parameters, then of inf and nan. */
const FLOATS = [9, 10, 11];

const blocks: readonly Part[] = [MATH, part("attentionBlock", blockWgsl)];
const forward = program(
  "attentionForward",
  [...blocks, part("attentionForward", forwardWgsl)],
  { reads: 4, writes: 2 },
  FLOATS,
);
const stats = program("attentionBackward", [part("attentionStats", statsWgsl)], {
  reads: 3,
  writes: 1,
});
const byQuery = program(
  "attentionBackward",
  [...blocks, part("attentionQuery", queryWgsl)],
  { reads: 6, writes: 1 },
  FLOATS,
);
const byKey = program(
  "attentionBackward",
  [...blocks, part("attentionKey", keyWgsl)],
  { reads: 6, writes: 2 },
  FLOATS,
);

const attentionForward: Plan = (to, inputs, outputs, params) => {
  const [n, tq] = params;
  const words = [...params, ...INF_NAN];
  to.dispatch(forward, [...inputs, ...outputs], words, n * ceilDiv(tq, BLOCK));
};

const attentionBackward: Plan = (to, [q, k, v, mask, y, lse, g], [dq, dk, dvs], params) => {
  const [n, tq, tk, , dv] = params;
  const words = [...params, ...INF_NAN];
  const known = to.scratch(2 * n * tq);
  to.dispatch(stats, [y, g, lse, known], [n * tq, dv], ceilDiv(n * tq, 64));
  to.dispatch(byQuery, [q, k, v, mask, g, known, dq], words, n * ceilDiv(tq, BLOCK));
  to.dispatch(byKey, [q, k, v, mask, g, known, dk, dvs], words, n * ceilDiv(tk, BLOCK));
  to.release(known);
};

export const attention = { attentionForward, attentionBackward } satisfies Record<string, Plan>;
