// Elementwise kernels: one scalar function at every element, operands read through repeats.

import { functionList } from "../functions";
import type { Body } from "./body";
import { chain } from "./chain";

const at = (i: number, inner: number, mid: number) => Math.floor(i / inner) % mid;

const map1: Body = ([x], [out], [f, n, xInner, xMid]) => {
  const { js } = functionList[f];
  for (let i = 0; i < n; i++) out[i] = js(x[at(i, xInner, xMid)], 0, 0);
};

const map2: Body = ([x, y], [out], [f, n, xInner, xMid, yInner, yMid]) => {
  const { js } = functionList[f];
  for (let i = 0; i < n; i++) out[i] = js(x[at(i, xInner, xMid)], y[at(i, yInner, yMid)], 0);
};

const map3: Body = ([x, y, z], [out], [f, n, xInner, xMid, yInner, yMid, zInner, zMid]) => {
  const { js } = functionList[f];
  for (let i = 0; i < n; i++) {
    out[i] = js(x[at(i, xInner, xMid)], y[at(i, yInner, yMid)], z[at(i, zInner, zMid)]);
  }
};

const fill: Body = (_, [out], [n, value]) => {
  for (let i = 0; i < n; i++) out[i] = value;
};

export const elementwise = { map1, map2, map3, chain, fill, fillInt: fill };
