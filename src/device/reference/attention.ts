// Attention, one query after the other, and its gradients.

import type { Body, Data } from "./body";

/** What one query sees: the places of keys, in order. */
function seen(i: number, p: number, mask: Data, params: readonly number[]): number[] {
  const [, tq, tk, , , causal, masked, ms, mr] = params;
  const places: number[] = [];
  for (let j = 0; j < tk; j++) {
    if (causal && j > i + tk - tq) continue;
    if (masked && mask[p * ms + i * mr + j] === 0) continue;
    places.push(j);
  }
  return places;
}

/** The product of row i of a and row j of b, each `width` long. */
function dot(a: Data, i: number, b: Data, j: number, width: number): number {
  let s = 0;
  for (let x = 0; x < width; x++) s += a[i * width + x] * b[j * width + x];
  return s;
}

/** to[i] += factor · from[j], rows of `width`. */
function addRow(to: Data, i: number, factor: number, from: Data, j: number, width: number) {
  for (let x = 0; x < width; x++) to[i * width + x] += factor * from[j * width + x];
}

const attentionForward: Body = ([q, k, v, mask], [y, lse], params) => {
  const [n, tq, tk, d, dv, , , , , scale] = params;
  y.fill(0);
  lse.fill(0);
  for (let p = 0; p < n; p++) {
    for (let i = 0; i < tq; i++) {
      const row = p * tq + i;
      const places = seen(i, p, mask, params);
      const scores = places.map((j) => scale * dot(q, row, k, p * tk + j, d));
      const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      if (most === Number.NEGATIVE_INFINITY) continue;
      const total = scores.reduce((sum, s) => sum + Math.exp(s - most), 0);
      lse[row] = most + Math.log(total);
      for (const [at, j] of places.entries()) {
        addRow(y, row, Math.exp(scores[at] - most) / total, v, p * tk + j, dv);
      }
    }
  }
};

const attentionBackward: Body = ([q, k, v, mask, y, lse, g], [dq, dk, dvs], params) => {
  const [n, tq, tk, d, dv, , , , , scale] = params;
  for (const out of [dq, dk, dvs]) out.fill(0);
  for (let p = 0; p < n; p++) {
    for (let i = 0; i < tq; i++) {
      const row = p * tq + i;
      const r = dot(g, row, y, row, dv);
      for (const j of seen(i, p, mask, params)) {
        const key = p * tk + j;
        const weight = Math.exp(scale * dot(q, row, k, key, d) - lse[row]);
        const ds = weight * (dot(g, row, v, key, dv) - r) * scale;
        addRow(dq, row, ds, k, key, d);
        addRow(dk, key, ds, q, row, d);
        addRow(dvs, key, weight, g, row, dv);
      }
    }
  }
};

export const attention = { attentionForward, attentionBackward };
