// Rows of convolution, its two adjoints and its relatives. The truths are the sums of the
// definition, seven loops deep.

import {
  add,
  type ConvOptions,
  concat,
  conv1d,
  conv2d,
  conv2dInput,
  conv2dKernel,
  convTranspose2d,
  expandDims,
  matmul,
  pad,
  reshape,
  slice,
} from "../../src/ops/index";
import type { Tensor } from "../../src/tensor/tensor";
import { type Row, row } from "./row";
import { at, build, type Truth, total, type Values } from "./truth";

const sums = { rule: "sum", bilinear: true } as const;

/** A convolution's geometry as the truths need it. */
export interface Geometry {
  readonly out: readonly [number, number];
  readonly stride?: readonly [number, number];
  readonly before?: readonly [number, number];
  readonly dilation?: readonly [number, number];
  readonly groups?: number;
}

/** Which row or column of x an output reads through a tap. */
export function places({ stride = [1, 1], before = [0, 0], dilation = [1, 1] }: Geometry) {
  return (a: 0 | 1, o: number, tap: number) => o * stride[a] + tap * dilation[a] - before[a];
}

const convTruth =
  (g: Geometry): Truth =>
  (x, w) => {
    const place = places(g);
    const [kh, kw, c, oc] = w.shape;
    const share = oc / (g.groups ?? 1);
    return build([x.shape[0], ...g.out, oc], (n, oh, ow, o) =>
      total(kh, (i) =>
        total(kw, (j) =>
          total(
            c,
            (k) =>
              at(x, n, place(0, oh, i), place(1, ow, j), Math.floor(o / share) * c + k) *
              at(w, i, j, k, o),
          ),
        ),
      ),
    );
  };

/** Adds up f(n, oh, ow, o, i, j, k) for every product of the convolution into an array. */
function scatter(
  shape: readonly number[],
  g: Values,
  taps: readonly [number, number, number],
  f: (
    n: number,
    oh: number,
    ow: number,
    o: number,
    i: number,
    j: number,
    k: number,
  ) => [number[], number],
): Values {
  const data = new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0);
  build([...g.shape, ...taps], (n, oh, ow, o, i, j, k) => {
    const [index, value] = f(n, oh, ow, o, i, j, k);
    if (index.every((p, a) => p >= 0 && p < shape[a])) {
      data[index.reduce((p, q, a) => p * shape[a] + q, 0)] += value;
    }
    return 0;
  });
  return { shape, data };
}

const inputTruth =
  (size: readonly [number, number], geometry: Geometry): Truth =>
  (g, w) => {
    const place = places(geometry);
    const [kh, kw, c, oc] = w.shape;
    const groups = geometry.groups ?? 1;
    const channel = (o: number, k: number) => Math.floor((o * groups) / oc) * c + k;
    return scatter([g.shape[0], ...size, c * groups], g, [kh, kw, c], (n, oh, ow, o, i, j, k) => [
      [n, place(0, oh, i), place(1, ow, j), channel(o, k)],
      at(g, n, oh, ow, o) * at(w, i, j, k, o),
    ]);
  };

const kernelTruth =
  (size: readonly [number, number], geometry: Geometry): Truth =>
  (x, g) => {
    const place = places(geometry);
    const groups = geometry.groups ?? 1;
    const [c, oc] = [x.shape[3] / groups, g.shape[3]];
    return scatter([...size, c, oc], g, [...size, c], (n, oh, ow, o, i, j, k) => [
      [i, j, k, o],
      at(g, n, oh, ow, o) *
        at(x, n, place(0, oh, i), place(1, ow, j), Math.floor((o * groups) / oc) * c + k),
    ]);
  };

/** Convolution with stride and padding as one matrix product of patches. */
const byPatches =
  (stride: number, padding: number) =>
  (x: Tensor, w: Tensor): Tensor => {
    const [kh, kw, c, oc] = w.shape;
    const rim = [padding, padding] as const;
    const wide = pad(x, [[0, 0], rim, rim, [0, 0]]);
    const [n, h, width] = wide.shape;
    const oh = Math.floor((h - kh) / stride) + 1;
    const ow = Math.floor((width - kw) / stride) + 1;
    const taps = Array.from({ length: kh * kw }, (_, t) =>
      slice(wide, [0, Math.floor(t / kw), t % kw, 0], [n, oh, ow, c], [1, stride, stride, 1]),
    );
    return matmul(concat(taps, 3), reshape(w, [kh * kw * c, oc]));
  };

interface Variant {
  readonly name: string;
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly options: ConvOptions;
  readonly geometry: Geometry;
}

const variants: readonly Variant[] = [
  {
    name: "stride 2, padding 1",
    x: [2, 5, 4, 2],
    w: [3, 3, 2, 3],
    options: { stride: 2, padding: 1 },
    geometry: { out: [3, 2], stride: [2, 2], before: [1, 1] },
  },
  { name: "plain", x: [1, 4, 5, 1], w: [2, 3, 1, 2], options: {}, geometry: { out: [3, 3] } },
  {
    name: "1 by 1",
    x: [2, 3, 3, 3],
    w: [1, 1, 3, 2],
    options: {},
    geometry: { out: [3, 3] },
  },
  {
    name: "dilation 2, padding on one side",
    x: [1, 5, 6, 2],
    w: [2, 3, 2, 2],
    options: {
      dilation: [2, 1],
      padding: [
        [1, 0],
        [0, 2],
      ],
    },
    geometry: { out: [4, 6], before: [1, 0], dilation: [2, 1] },
  },
  {
    name: "groups",
    x: [1, 4, 4, 4],
    w: [3, 3, 2, 4],
    options: { groups: 2, padding: 1 },
    geometry: { out: [4, 4], before: [1, 1], groups: 2 },
  },
  {
    name: "depthwise, stride 2",
    x: [1, 5, 5, 3],
    w: [3, 3, 1, 3],
    options: { groups: 3, stride: 2 },
    geometry: { out: [2, 2], stride: [2, 2], groups: 3 },
  },
  {
    name: "same, stride 2 by 3",
    x: [1, 5, 7, 1],
    w: [3, 2, 1, 2],
    options: { stride: [2, 3], padding: "same" },
    geometry: { out: [3, 3], stride: [2, 3], before: [1, 0] },
  },
  {
    name: "a stride that skips pixels",
    x: [1, 7, 6, 1],
    w: [2, 1, 1, 2],
    options: { stride: 3 },
    geometry: { out: [2, 2], stride: [3, 3] },
  },
];

const convolutions: readonly Row[] = variants.flatMap(({ name, x, w, options, geometry }) => {
  const gShape = [x[0], ...geometry.out, w[3]];
  const size = [x[1], x[2]] as const;
  const taps = [w[0], w[1]] as const;
  const plain = typeof (options.padding ?? 0) === "number" && !options.groups && !options.dilation;
  return [
    row(`conv2d: ${name}`, {
      f: (x: Tensor, w: Tensor) => conv2d(x, w, options),
      inputs: [x, w],
      truth: convTruth(geometry),
      ...sums,
      ...(plain
        ? { same: byPatches(Number(options.stride ?? 1), Number(options.padding ?? 0)) }
        : {}),
    }),
    row(`conv2dInput: ${name}`, {
      f: (g: Tensor, w: Tensor) => conv2dInput(g, w, { ...options, size }),
      inputs: [gShape, w],
      truth: inputTruth(size, geometry),
      ...sums,
    }),
    row(`conv2dKernel: ${name}`, {
      f: (x: Tensor, g: Tensor) => conv2dKernel(x, g, { ...options, size: taps }),
      inputs: [x, gShape],
      truth: kernelTruth(taps, geometry),
      ...sums,
    }),
  ];
});

/** Every part of a leading axis by itself. */
const batched = (f: (...xs: Values[]) => Values, shared: readonly boolean[]): Truth => {
  const part = (x: Values, i: number): Values => {
    const shape = x.shape.slice(1);
    const size = x.data.length / x.shape[0];
    return { shape, data: x.data.slice(i * size, (i + 1) * size) };
  };
  return (...xs) => {
    const n = xs.find((_, i) => !shared[i])!.shape[0];
    const ys = Array.from({ length: n }, (_, i) =>
      f(...xs.map((x, j) => (shared[j] ? x : part(x, i)))),
    );
    return { shape: [n, ...ys[0].shape], data: ys.flatMap((y) => [...y.data]) };
  };
};

const small = convTruth({ out: [2, 2], before: [1, 1], stride: [2, 2] }) as (
  ...xs: Values[]
) => Values;
const smallOptions = { padding: 1, stride: 2 };

const relatives: readonly Row[] = [
  row("conv2d: many at once", {
    f: (x: Tensor, w: Tensor) => conv2d(x, w, smallOptions),
    inputs: [
      [2, 1, 4, 3, 2],
      [2, 3, 3, 2, 2],
    ],
    truth: batched(small, [false, false]),
    ...sums,
  }),
  row("conv2d: many kernels, the same images", {
    f: (x: Tensor, w: Tensor) => conv2d(x, w, smallOptions),
    inputs: [
      [1, 4, 3, 2],
      [2, 3, 3, 2, 2],
    ],
    truth: batched(small, [true, false]),
    ...sums,
  }),
  row("conv2d: many images, the same kernel", {
    f: (x: Tensor, w: Tensor) => conv2d(x, w, smallOptions),
    inputs: [
      [2, 1, 4, 3, 2],
      [3, 3, 2, 2],
    ],
    truth: batched(small, [false, true]),
    ...sums,
  }),
  row("conv2d: no images", {
    f: (x: Tensor, w: Tensor) => conv2d(x, w, { padding: 1 }),
    inputs: [
      [0, 3, 3, 1],
      [3, 3, 1, 2],
    ],
    truth: () => ({ shape: [0, 3, 3, 2], data: [] }),
    ...sums,
  }),
  row("conv1d", {
    f: (x: Tensor, w: Tensor) => conv1d(x, w, { stride: 2, padding: [1, 2] }),
    inputs: [
      [2, 6, 2],
      [3, 2, 3],
    ],
    truth: (x, w) =>
      build([2, 4, 3], (n, l, o) =>
        total(3, (t) => total(2, (k) => at(x, n, 2 * l + t - 1, k) * at(w, t, k, o))),
      ),
    ...sums,
    same: (x: Tensor, w: Tensor) => {
      const options = {
        stride: [1, 2],
        padding: [
          [0, 0],
          [1, 2],
        ],
      } as const;
      return reshape(conv2d(expandDims(x, 1), expandDims(w, 0), options), [2, 4, 3]);
    },
  }),
  row("conv1d: dilation, groups, same", {
    f: (x: Tensor, w: Tensor) => conv1d(x, w, { dilation: 2, groups: 2, padding: "same" }),
    inputs: [
      [1, 5, 2],
      [3, 1, 4],
    ],
    truth: (x, w) =>
      build([1, 5, 4], (n, l, o) =>
        total(3, (t) => at(x, n, l + 2 * t - 2, o < 2 ? 0 : 1) * at(w, t, 0, o)),
      ),
    ...sums,
  }),
  row("convTranspose2d", {
    f: (x: Tensor, w: Tensor) => convTranspose2d(x, w, { stride: 2, padding: 1 }),
    inputs: [
      [1, 3, 2, 2],
      [3, 3, 3, 2],
    ],
    truth: inputTruth([5, 3], { out: [3, 2], stride: [2, 2], before: [1, 1] }),
    ...sums,
    same: (x: Tensor, w: Tensor) => conv2dInput(x, w, { stride: 2, padding: 1, size: [5, 3] }),
  }),
  row("convTranspose2d: outputPadding, groups", {
    f: (x: Tensor, w: Tensor) =>
      convTranspose2d(x, w, { stride: 2, groups: 2, outputPadding: [1, 0] }),
    inputs: [
      [1, 2, 2, 4],
      [2, 2, 1, 4],
    ],
    truth: inputTruth([5, 4], { out: [2, 2], stride: [2, 2], groups: 2 }),
    ...sums,
  }),
  row("convTranspose2d: same, dilation", {
    f: (x: Tensor, w: Tensor) => convTranspose2d(x, w, { padding: "same", dilation: 2 }),
    inputs: [
      [1, 4, 4, 1],
      [2, 2, 2, 1],
    ],
    truth: inputTruth([4, 4], { out: [4, 4], before: [1, 1], dilation: [2, 2] }),
    ...sums,
  }),
  row("conv2d: of a sum", {
    f: (x: Tensor, y: Tensor, w: Tensor) => conv2d(add(x, y), w),
    inputs: [
      [1, 3, 3, 1],
      [1, 3, 3, 1],
      [2, 2, 1, 1],
    ],
    truth: (x, y, w) =>
      convTruth({ out: [2, 2] })({ shape: x.shape, data: x.data.map((v, i) => v + y.data[i]) }, w),
    ...sums,
    same: (x: Tensor, y: Tensor, w: Tensor) => add(conv2d(x, w), conv2d(y, w)),
  }),
];

export const convolutionRows: readonly Row[] = [...convolutions, ...relatives];
