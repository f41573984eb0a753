// Kernels that put elements in other places, add them up there, or tell their order. Sums run in
// ascending j.

import { checkIndices } from "../checks";
import type { Body } from "./body";

const move: Body = ([x], [out], p) => {
  const d = p.slice(0, 6);
  const [xStart, s0, s1, s2, s3, s4, s5] = p.slice(6, 13);
  const [outStart, o0, o1, o2, o3, o4, o5] = p.slice(13, 20);
  for (let i0 = 0; i0 < d[0]; i0++) {
    for (let i1 = 0; i1 < d[1]; i1++) {
      for (let i2 = 0; i2 < d[2]; i2++) {
        for (let i3 = 0; i3 < d[3]; i3++) {
          for (let i4 = 0; i4 < d[4]; i4++) {
            for (let i5 = 0; i5 < d[5]; i5++) {
              const from = xStart + i0 * s0 + i1 * s1 + i2 * s2 + i3 * s3 + i4 * s4 + i5 * s5;
              const to = outStart + i0 * o0 + i1 * o1 + i2 * o2 + i3 * o3 + i4 * o4 + i5 * o5;
              out[to] = x[from];
            }
          }
        }
      }
    }
  }
};

/** `each(wide, narrow)` for all o, j, i: the places of [o, idx, i] in [outer, n, inner] and of
 * [o, j, i] in [outer, k, inner]. `along`: idx has a value for every o, j, i, else for every j. */
function indexed(
  idx: ArrayLike<number>,
  [outer, n, k, inner]: readonly number[],
  along: boolean,
  each: (wide: number, narrow: number) => void,
) {
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < k; j++) {
      for (let i = 0; i < inner; i++) {
        const narrow = (o * k + j) * inner + i;
        each((o * n + idx[along ? narrow : j]) * inner + i, narrow);
      }
    }
  }
}

const indices = ([outer, , k, inner]: readonly number[], along: boolean) =>
  along ? outer * k * inner : k;

function gatherer(name: string, along: boolean): Body {
  return ([x, idx], [out], params) => {
    checkIndices(name, idx, indices(params, along), params[1]);
    indexed(idx, params, along, (wide, narrow) => {
      out[narrow] = x[wide];
    });
  };
}

function scatterer(name: string, along: boolean): Body {
  return ([g, idx], [out], params) => {
    checkIndices(name, idx, indices(params, along), params[1]);
    out.fill(0);
    indexed(idx, params, along, (wide, narrow) => {
      out[wide] += g[narrow];
    });
  };
}

/** Array.prototype.sort is stable: equal values keep their order, ascending and descending. */
const argsort: Body = ([x], [out], [outer, n, descending]) => {
  for (let o = 0; o < outer; o++) {
    const order = Array.from({ length: n }, (_, j) => j).sort((p, q) => {
      const a = x[o * n + p];
      const b = x[o * n + q];
      if (Number.isNaN(a) || Number.isNaN(b))
        return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
      if (a === b) return 0;
      return a < b === (descending === 0) ? -1 : 1;
    });
    out.set(order, o * n);
  }
};

export const movement = {
  move,
  gather: gatherer("gather", false),
  scatterAdd: scatterer("scatterAdd", false),
  gatherAlong: gatherer("gatherAlong", true),
  scatterAlong: scatterer("scatterAlong", true),
  argsort,
  intArgsort: argsort,
};
