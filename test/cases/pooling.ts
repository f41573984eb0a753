// Cases of the pooling kernels: windows that overlap, that leave gaps, that reach into padding,
// with ties and NaN inside.

import {
  bits,
  type Case,
  floatOut,
  intOut,
  MANY,
  put,
  sumOf,
  ties,
  uniforms,
  type Values,
} from "./case";

interface Pool {
  readonly n?: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  /** top, bottom, left, right */
  readonly pad?: readonly [number, number, number, number];
}

const POOLS: Pool[] = [
  ...[0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 32, 33].map(
    (c): Pool => ({ n: 2, h: 6, w: 6, c, size: [2, 2], stride: [2, 2] }),
  ),
  ...[1, 3, 8].flatMap((c): Pool[] => [
    { h: 7, w: 9, c, size: [2, 2], stride: [2, 2] },
    { h: 7, w: 9, c, size: [3, 3], stride: [1, 1] },
    { h: 7, w: 9, c, size: [3, 3], stride: [2, 2], pad: [1, 1, 1, 1] },
    { h: 7, w: 8, c, size: [3, 2], stride: [2, 1], pad: [2, 0, 0, 1] },
    { h: 8, w: 8, c, size: [2, 2], stride: [3, 3] },
    { h: 5, w: 6, c, size: [5, 6], stride: [1, 1] },
    { h: 4, w: 5, c, size: [1, 1], stride: [2, 2] },
    { h: 6, w: 6, c, size: [4, 4], stride: [1, 3], pad: [3, 3, 3, 3] },
  ]),
  { n: 0, h: 4, w: 4, c: 3, size: [2, 2], stride: [2, 2] },
  { n: 1, h: 1, w: 1, c: 5, size: [1, 1], stride: [1, 1] },
  { n: MANY, h: 2, w: 1, c: 1, size: [2, 1], stride: [1, 1] },
  { n: 3, h: 14, w: 14, c: 32, size: [2, 2], stride: [2, 2] },
];

function poolOf({ n = 1, h, w, c, size, stride, pad = [0, 0, 0, 0] }: Pool) {
  const oh = Math.floor((h + pad[0] + pad[1] - size[0]) / stride[0]) + 1;
  const ow = Math.floor((w + pad[2] + pad[3] - size[1]) / stride[1]) + 1;
  const params = [n, h, w, c, ...size, oh, ow, ...stride, pad[0], pad[2]];
  const name = `[${[n, h, w, c]}] by ${size}, stride ${stride}, pad ${pad}`;
  return { name, params, pixels: n * h * w * c, windows: n * oh * ow * c, oh, ow };
}

/** An index into each window: its first, last or some pixel that is inside the image. */
function indices(pool: Pool): Int32Array {
  const { n = 1, h, w, c, size, stride, pad = [0, 0, 0, 0] } = pool;
  const { oh, ow } = poolOf(pool);
  const idx: number[] = [];
  for (let i = 0; i < n * oh * ow * c; i++) {
    const place = Math.floor(i / c);
    const pick = (at: number, step: number, before: number, extent: number, end: number) => {
      const first = Math.max(at * step - before, 0);
      const last = Math.min(at * step - before + extent, end) - 1;
      return first + (i % (last - first + 1));
    };
    const row = pick(Math.floor(place / ow) % oh, stride[0], pad[0], size[0], h);
    idx.push(row * w + pick(place % ow, stride[1], pad[2], size[1], w));
  }
  return Int32Array.from(idx);
}

function maxima(pool: Pool, title: string, make: (count: number) => Values): Case {
  const { name, params, pixels, windows } = poolOf(pool);
  return {
    kernel: "maxPoolIndex",
    name: `${name} ${title}`,
    params,
    inputs: () => [make(pixels)],
    outputs: [intOut(windows)],
  };
}

export const poolingCases: Case[] = POOLS.flatMap((pool): Case[] => {
  const { name, params, pixels, windows } = poolOf(pool);
  const most = pool.size[0] * pool.size[1];
  return [
    maxima(pool, "", (count) => uniforms(count, 71, -2, -1)),
    maxima(pool, "with ties", (count) => ties(count, 72)),
    maxima(pool, "all -inf", (count) => new Float32Array(count).fill(-Infinity)),
    ...(pixels > 20
      ? [maxima(pool, "NaN and inf", (count) => put(put(ties(count, 73), NaN, 3, 17), Infinity, 9))]
      : []),
    {
      kernel: "poolGather",
      name,
      params,
      inputs: () => [uniforms(pixels, 74), indices(pool)],
      outputs: [floatOut(windows, bits)],
    },
    {
      kernel: "poolScatter",
      name,
      params,
      inputs: () => [uniforms(windows, 75), indices(pool)],
      outputs: [floatOut(pixels, sumOf(most))],
    },
    {
      kernel: "sumPool",
      name,
      params,
      inputs: () => [uniforms(pixels, 76)],
      outputs: [floatOut(windows, sumOf(most))],
    },
    {
      kernel: "sumPoolInput",
      name,
      params,
      inputs: () => [uniforms(windows, 77)],
      outputs: [floatOut(pixels, sumOf(most))],
    },
  ];
});
