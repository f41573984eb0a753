// Plans of softmax and normalization: one workgroup does whole lines where they are short or many,
// else parts of lines first, then their statistics, then the elements.

import moments from "../../../kernels/moments.wgsl";
import normalizeWgsl from "../../../kernels/normalize.wgsl";
import applyWgsl from "../../../kernels/normalizeApply.wgsl";
import inputWgsl from "../../../kernels/normalizeInput.wgsl";
import inputApplyWgsl from "../../../kernels/normalizeInputApply.wgsl";
import inputPartsWgsl from "../../../kernels/normalizeInputParts.wgsl";
import partsWgsl from "../../../kernels/normalizeParts.wgsl";
import statsWgsl from "../../../kernels/normalizeStats.wgsl";
import softmaxWgsl from "../../../kernels/softmax.wgsl";
import { ceilDiv, type Plan } from "./plan";
import { INF_NAN, MATH, type Part, part, program, table } from "./program";
import { partLines, splitLines, sumLines } from "./reductions";

const LANES = 256;
const momentsPart = part("moments", moments);

/** Invocations a row of softmax. */
const ROWS = [4, 32, 256];

const softmaxProgram = table((code) =>
  program(
    code & 1 ? "logSoftmax" : "softmax",
    [MATH, part("softmax", softmaxWgsl)],
    { reads: 1, writes: 1 },
    [2, 3],
    { ROW: ROWS[code >> 1], LOG: code & 1 },
  ),
);

function softmax(log: 0 | 1): Plan {
  return (to, [x], [out], [m, n]) => {
    const code = n <= 16 ? 0 : n <= 512 ? 1 : 2;
    const rows = 256 / ROWS[code];
    to.dispatch(softmaxProgram(code * 2 + log), [x, out], [m, n, ...INF_NAN], ceilDiv(m, rows));
  };
}

/** A program for each way to split lines, as `splitLines` names them. */
function bySplit(
  name: string,
  parts: readonly Part[],
  bindings: { reads: number; writes: number },
  floats: readonly number[] = [],
) {
  const cols = [1, 32, 256];
  return table((code) =>
    program(name, parts, bindings, floats, { COLS: cols[code], ROWS: 256 / cols[code] }),
  );
}

const whole = bySplit(
  "normalize",
  [momentsPart, part("normalize", normalizeWgsl)],
  { reads: 1, writes: 2 },
  [3],
);
const partial = bySplit("normalize", [momentsPart, part("normalizeParts", partsWgsl)], {
  reads: 1,
  writes: 1,
});
const stats = program(
  "normalize",
  [momentsPart, part("normalizeStats", statsWgsl)],
  { reads: 1, writes: 2 },
  [3],
);
const apply = program("normalize", [part("normalizeApply", applyWgsl)], {
  reads: 3,
  writes: 1,
});

const normalize: Plan = (to, [x], [out, rstd], [outer, n, inner, eps]) => {
  const lines = outer * inner;
  const split = splitLines(outer, n, inner);
  const cut = partLines(lines, n, split);
  if (cut.parts === 1) {
    const words = [outer, n, inner, eps];
    to.dispatch(whole(split.code), [x, out, rstd], words, ceilDiv(lines, split.cols));
    return;
  }
  const { parts, chunk } = cut;
  const some = to.scratch(3 * lines * parts);
  const mean = to.scratch(lines);
  const groups = ceilDiv(lines, split.cols) * parts;
  to.dispatch(partial(split.code), [x, some], [outer, n, inner, parts, chunk], groups);
  to.dispatch(stats, [some, mean, rstd], [outer, inner, parts, eps], ceilDiv(lines, 64));
  to.dispatch(apply, [x, mean, rstd, out], [outer, n, inner], ceilDiv(lines * n, LANES));
  to.release(some);
  to.release(mean);
};

const inputWhole = bySplit("normalizeInput", [part("normalizeInput", inputWgsl)], {
  reads: 3,
  writes: 1,
});
const inputParts = bySplit("normalizeInput", [part("normalizeInputParts", inputPartsWgsl)], {
  reads: 2,
  writes: 1,
});
const inputApply = program("normalizeInput", [part("normalizeInputApply", inputApplyWgsl)], {
  reads: 4,
  writes: 1,
});

const normalizeInput: Plan = (to, [g, y, rstd], [out], [outer, n, inner]) => {
  const lines = outer * inner;
  const split = splitLines(outer, n, inner);
  const cut = partLines(lines, n, split);
  if (cut.parts === 1) {
    const groups = ceilDiv(lines, split.cols);
    to.dispatch(inputWhole(split.code), [g, y, rstd, out], [outer, n, inner], groups);
    return;
  }
  const { parts, chunk } = cut;
  const some = to.scratch(2 * lines * parts);
  const sums = to.scratch(2 * lines);
  const groups = ceilDiv(lines, split.cols) * parts;
  to.dispatch(inputParts(split.code), [g, y, some], [outer, n, inner, parts, chunk], groups);
  sumLines(to, some, sums, [outer, parts, 2 * inner]); // pairs of sums lie side by side
  to.dispatch(inputApply, [g, y, rstd, sums, out], [outer, n, inner], ceilDiv(lines * n, LANES));
  to.release(some);
  to.release(sums);
};

export const normalization = {
  softmax: softmax(0),
  logSoftmax: softmax(1),
  normalize,
  normalizeInput,
} satisfies Record<string, Plan>;
