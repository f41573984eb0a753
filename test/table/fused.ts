// Rows of the fused ops: each beside its decomposition, and truths that go step by step and query
// by query.

import { attention } from "../../src/fused/attention";
import { attentionSteps } from "../../src/fused/attentionSteps";
import { lstm } from "../../src/fused/lstm";
import { lstmSteps } from "../../src/fused/lstmSteps";
import { expandDims, greater, matmul, reshape, slice, tanh, where } from "../../src/ops/index";
import { zeros } from "../../src/tensor/fill";
import type { Tensor } from "../../src/tensor/tensor";
import { bools, given, ints, type Row, range, row } from "./row";
import { at, build, type Truth, total, type Values } from "./truth";

const smooth = { rule: "transcendental" } as const;
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

type Live = (s: number, r: number) => boolean;

/** y, h and c, by states kept as lists of lists. */
const lstmTruth =
  (live: (...xs: Values[]) => Live): Truth =>
  (...xs) => {
    const [x, wx, wh, b, h0, c0] = xs;
    const alive = live(...xs);
    const [t, rows, inputs] = x.shape;
    const units = wh.shape[0];
    const list = (from: Values | undefined) =>
      Array.from({ length: rows }, (_, r) =>
        Array.from({ length: units }, (_, j) => (from === undefined ? 0 : at(from, r, j))),
      );
    let [h, c] = [list(h0), list(c0)];
    const ys: number[][][] = [];
    for (let s = 0; s < t; s++) {
      const z = (r: number, q: number) =>
        at(b, q) +
        total(inputs, (i) => at(x, s, r, i) * at(wx, i, q)) +
        total(units, (k) => h[r][k] * at(wh, k, q));
      const step = h.map((state, r) =>
        state.map((_, j) => {
          const [i, f, o] = [0, 1, 3].map((gate) => sigmoid(z(r, gate * units + j)));
          const cell = f * c[r][j] + i * Math.tanh(z(r, 2 * units + j));
          return alive(s, r) ? [o * Math.tanh(cell), cell] : [state[j], c[r][j]];
        }),
      );
      h = step.map((list) => list.map(([state]) => state));
      c = step.map((list) => list.map(([, cell]) => cell));
      ys.push(h.map((list, r) => list.map((v) => (alive(s, r) ? v : 0))));
    }
    return [
      build([rows, units], (r, j) => c[r][j]),
      build([rows, units], (r, j) => h[r][j]),
      build([t, rows, units], (s, r, j) => ys[s][r][j]),
    ];
  };

const all = () => () => true;

/** lstm by its decomposition. */
function slow(xs: Tensor[], mask?: Tensor) {
  const [x, wx, wh, bias, h0, c0] = xs;
  const [t, rows] = x.shape;
  const units = wh.shape[0];
  const [hs, cells] = lstmSteps({ z: matmul(x, wx), wh, bias, h0, c0, mask });
  return {
    y: mask === undefined ? hs : where(expandDims(mask, -1), hs, 0),
    h: reshape(slice(hs, [t - 1], [1]), [rows, units]),
    c: reshape(slice(cells, [t - 1, 0, 4 * units], [1, rows, units]), [rows, units]),
  };
}

const sizes = (t: number, b: number, i: number, h: number) => [
  [t, b, i],
  [i, 4 * h],
  [h, 4 * h],
  [4 * h],
  [b, h],
  [b, h],
];

const lstms: readonly Row[] = [
  row("lstm", {
    f: (x: Tensor, wx: Tensor, wh: Tensor, b: Tensor, h0: Tensor, c0: Tensor) =>
      lstm(x, { wx, wh, b }, { h0, c0 }),
    inputs: sizes(3, 2, 2, 2),
    truth: lstmTruth(all),
    ...smooth,
    same: (...xs: Tensor[]) => slow(xs),
  }),
  row("lstm: from zeros", {
    f: (x: Tensor, wx: Tensor, wh: Tensor, b: Tensor) => lstm(x, { wx, wh, b }),
    inputs: sizes(2, 1, 1, 3).slice(0, 4),
    truth: lstmTruth(all),
    ...smooth,
    same: (...xs: Tensor[]) => slow([...xs, zeros([1, 3]), zeros([1, 3])]),
  }),
  row("lstm: one step", {
    f: (x: Tensor, wx: Tensor, wh: Tensor, b: Tensor, h0: Tensor, c0: Tensor) =>
      lstm(x, { wx, wh, b }, { h0, c0 }),
    inputs: sizes(1, 2, 2, 3),
    truth: lstmTruth(all),
    ...smooth,
    same: (...xs: Tensor[]) => slow(xs),
  }),
  row("lstm: masked", {
    f: (x: Tensor, wx: Tensor, wh: Tensor, b: Tensor, h0: Tensor, c0: Tensor, mask: Tensor) =>
      lstm(x, { wx, wh, b }, { h0, c0, mask }),
    inputs: [...sizes(3, 3, 1, 2), bools([3, 3])],
    truth: lstmTruth(
      (...xs) =>
        (s, r) =>
          at(xs[6], s, r) !== 0,
    ),
    ...smooth,
    same: (...xs: Tensor[]) => slow(xs.slice(0, 6), xs[6]),
  }),
  row("lstm: lengths", {
    f: (x: Tensor, wx: Tensor, wh: Tensor, b: Tensor, lengths: Tensor) =>
      lstm(x, { wx, wh, b }, { lengths }),
    inputs: [...sizes(3, 3, 1, 2).slice(0, 4), ints([3], 0, 4)],
    truth: (x, wx, wh, b, lengths) => lstmTruth(() => (s, r) => s < at(lengths, r))(x, wx, wh, b),
    ...smooth,
  }),
  row("lstm: only the cell", {
    f: (x: Tensor, wx: Tensor, wh: Tensor, b: Tensor, c0: Tensor) =>
      tanh(lstm(x, { wx, wh, b }, { c0 }).c),
    inputs: [...sizes(2, 2, 1, 2).slice(0, 4), [2, 2]],
    truth: (x, wx, wh, b, c0) => {
      const zero = build([2, 2], () => 0);
      const [c] = lstmTruth(all)(x, wx, wh, b, zero, c0) as readonly Values[];
      return { ...c, data: c.data.map(Math.tanh) };
    },
    ...smooth,
  }),
];

type Sees = (p: number, i: number, j: number) => boolean;

/** Attention of q [n, tq, d] to k [n, tk, d] with v [n, tk, dv]. */
const attentionTruth =
  (sees: (...xs: Values[]) => Sees): Truth =>
  (...xs) => {
    const [q, k, v] = xs;
    const see = sees(...xs);
    const [n, tq, d] = q.shape;
    const [, tk, dv] = v.shape;
    return build([n, tq, dv], (p, i, x) => {
      const weight = (j: number) =>
        see(p, i, j)
          ? Math.exp(total(d, (y) => at(q, p, i, y) * at(k, p, j, y)) / Math.sqrt(d))
          : 0;
      const sum = total(tk, weight);
      return sum === 0 ? 0 : total(tk, (j) => weight(j) * at(v, p, j, x)) / sum;
    });
  };

const slowAttention = (causal: boolean) => (q: Tensor, k: Tensor, v: Tensor, mask?: Tensor) =>
  attentionSteps({ q, k, v, mask, causal, scale: 1 / Math.sqrt(q.shape[q.shape.length - 1]) });

const attentions: readonly Row[] = [
  row("attention", {
    f: (q: Tensor, k: Tensor, v: Tensor) => attention(q, k, v),
    inputs: [
      [2, 3, 2],
      [2, 4, 2],
      [2, 4, 3],
    ],
    truth: attentionTruth(() => () => true),
    ...smooth,
    same: slowAttention(false),
  }),
  row("attention: causal", {
    f: (q: Tensor, k: Tensor, v: Tensor) => attention(q, k, v, { causal: true }),
    inputs: [
      [1, 3, 2],
      [1, 4, 2],
      [1, 4, 1],
    ],
    truth: attentionTruth(() => (_, i, j) => j <= i + 1),
    ...smooth,
    same: slowAttention(true),
  }),
  row("attention: causal, more queries than keys", {
    f: (q: Tensor, k: Tensor, v: Tensor) => attention(q, k, v, { causal: true }),
    inputs: [
      [1, 4, 2],
      [1, 2, 2],
      [1, 2, 2],
    ],
    truth: attentionTruth(() => (_, i, j) => j <= i - 2),
    ...smooth,
    same: slowAttention(true),
  }),
  row("attention: mask of scores", {
    f: (q: Tensor, k: Tensor, v: Tensor, mask: Tensor) => attention(q, k, v, { mask }),
    inputs: [[2, 3, 2], [2, 3, 2], [2, 3, 2], bools([2, 3, 3])],
    truth: attentionTruth(
      (...xs) =>
        (p, i, j) =>
          at(xs[3], p, i, j) !== 0,
    ),
    ...smooth,
    same: slowAttention(false),
  }),
  row("attention: mask of keys", {
    f: (q: Tensor, k: Tensor, v: Tensor, mask: Tensor) =>
      attention(q, k, v, { mask: expandDims(mask, 1), causal: true }),
    inputs: [[2, 3, 2], [2, 3, 2], [2, 3, 1], given([1, 0, 1, 0, 0, 0], [2, 3], "bool")],
    truth: attentionTruth(
      (...xs) =>
        (p, i, j) =>
          j <= i && at(xs[3], p, j) !== 0,
    ),
    ...smooth,
    same: (q: Tensor, k: Tensor, v: Tensor, mask: Tensor) =>
      slowAttention(true)(q, k, v, expandDims(mask, 1)),
  }),
  row("attention: shared keys, two leading axes", {
    f: (q: Tensor, k: Tensor, v: Tensor) =>
      reshape(attention(q, k, v, { mask: greater(slice(k, [0, 0], [1, 3]), -9) }), [2, 2, 2]),
    inputs: [range([2, 1, 2, 3], -1, 1), [3, 3], [3, 2]],
    truth: (q, k, v) => {
      const twice = (x: Values) => build([2, ...x.shape], (_, ...index) => at(x, ...index));
      return attentionTruth(() => () => true)({ ...q, shape: [2, 2, 3] }, twice(k), twice(v));
    },
    ...smooth,
  }),
];

export const fusedRows: readonly Row[] = [...lstms, ...attentions];
