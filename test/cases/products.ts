// Cases of matmul in its four layouts and of the three convolutions of one form: sizes on both
// sides of every tile, shared batch operands, strides, padding, dilation and groups.

import { type Case, floatOut, MANY, put, sumOf, uniforms } from "./case";

interface Product {
  readonly batch?: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly ta: number;
  readonly tb: number;
  /** Which operands all of the batch share. */
  readonly shared?: "" | "a" | "b" | "ab";
  /** Value and place to put into a, and the same for b. */
  readonly odd?: readonly [v: number, a: number, b: number];
}

function product({ batch = 1, m, k, n, ta, tb, shared = "", odd }: Product): Case {
  const as = shared.includes("a") ? 0 : m * k;
  const bs = shared.includes("b") ? 0 : k * n;
  const matrices = (stride: number) => (stride === 0 ? Math.min(batch, 1) : batch);
  const layout = `${ta ? "T" : "N"}${tb ? "T" : "N"}`;
  const more = `${shared && ` shares ${shared}`}${odd ? ` with ${odd[0]}` : ""}`;
  return {
    kernel: "matmul",
    name: `${layout} ${batch} x [${m}, ${k}, ${n}]${more}`,
    params: [batch, m, k, n, ta, tb, as, bs],
    inputs: () => {
      const a = uniforms(matrices(as) * m * k, 61);
      const b = uniforms(matrices(bs) * k * n, 62);
      return odd ? [put(a, odd[0], odd[1]), put(b, odd[0], odd[2])] : [a, b];
    },
    outputs: [floatOut(batch * m * n, sumOf(k))],
  };
}

const TILES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 31, 32, 33];

/** m, k, n */
const MATRICES: [number, number, number][] = [
  ...TILES.map((m): [number, number, number] => [m, 10, 9]),
  ...TILES.map((n): [number, number, number] => [7, 13, n]),
  ...TILES.map((n): [number, number, number] => [1, 19, n]),
  ...TILES.map((m): [number, number, number] => [m, 21, 1]),
  ...[0, ...TILES, 63, 64, 65, 255, 256, 257, 513].map((k): [number, number, number] => [6, k, 10]),
  ...[0, ...TILES, 257].map((k): [number, number, number] => [1, k, 33]),
  [0, 5, 7],
  [5, 7, 0],
  [0, 0, 0],
  [63, 64, 65],
  [64, 64, 64],
  [65, 63, 31],
  [5, 64, 64],
  [25, 64, 64],
  [25, 1, 64],
  [25, 64, 1],
  [1, 256, 256],
  [256, 1, 256],
  [97, 300, 70],
  [32, 784, 24],
  [24, 700, 130],
  [130, 40, 260],
  [3, 5000, 2],
  [300, 5, 300],
];

const layouts = [0, 1].flatMap((ta) => [0, 1].map((tb) => ({ ta, tb })));

const matmuls: Case[] = layouts.flatMap(({ ta, tb }) => [
  ...MATRICES.map(([m, k, n]) => product({ m, k, n, ta, tb })),
  ...[0, 1, 2, 5, 25].flatMap((batch) =>
    (["", "a", "b", "ab"] as const).map((shared) =>
      product({ batch, m: 7, k: 11, n: 9, ta, tb, shared }),
    ),
  ),
  ...(["", "a", "b"] as const).flatMap((shared) => [
    product({ batch: 3, m: 33, k: 65, n: 40, ta, tb, shared }),
    product({ batch: 4, m: 1, k: 40, n: 40, ta, tb, shared }),
    product({ batch: 70, m: 2, k: 3, n: 2, ta, tb, shared }),
    product({ batch: 3, m: 5, k: 0, n: 6, ta, tb, shared }),
  ]),
  product({ batch: MANY, m: 1, k: 2, n: 1, ta, tb }),
  // What is not a number must reach its own row and column only, past padded tiles.
  ...[NaN, Infinity].flatMap((v) => [
    product({ m: 13, k: 9, n: 11, ta, tb, odd: [v, 116, 98] }),
    product({ m: 1, k: 9, n: 35, ta, tb, odd: [v, 8, 300] }),
    product({ m: 64, k: 64, n: 64, ta, tb, odd: [v, 70, 4000] }),
  ]),
]);

interface Conv {
  readonly batch?: number;
  readonly n?: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly kh: number;
  readonly kw: number;
  readonly oc: number;
  readonly stride?: readonly [number, number];
  /** top, bottom, left, right */
  readonly pad?: readonly [number, number, number, number];
  readonly dilation?: readonly [number, number];
  readonly groups?: number;
}

type Shared = "none" | "x" | "w" | "g";

/** The three kernels of one convolution; each where the operand `shared` is an input of it. */
function convolutions(conv: Conv, shared: Shared = "none"): Case[] {
  const { batch = 1, n = 1, h, w, c, kh, kw, oc, groups = 1 } = conv;
  const [sh, sw] = conv.stride ?? [1, 1];
  const [top, bottom, left, right] = conv.pad ?? [0, 0, 0, 0];
  const [dh, dw] = conv.dilation ?? [1, 1];
  const oh = Math.max(Math.floor((h + top + bottom - (kh - 1) * dh - 1) / sh) + 1, 0);
  const ow = Math.max(Math.floor((w + left + right - (kw - 1) * dw - 1) / sw) + 1, 0);
  const size = { x: n * h * w * c, w: kh * kw * (c / groups) * oc, g: n * oh * ow * oc };
  const taps = kh * kw * (c / groups);
  const form = [batch, n, h, w, c, kh, kw, oc, oh, ow, sh, sw, top, left, dh, dw, groups];
  const extra = [
    sh * sw > 1 ? `stride ${sh} ${sw}` : "",
    conv.pad ? `pad ${conv.pad}` : "",
    dh * dw > 1 ? `dilation ${dh} ${dw}` : "",
    groups > 1 ? `groups ${groups}` : "",
    shared === "none" ? "" : `shares ${shared}`,
  ];
  const name = [`${batch} x [${n},${h},${w},${c}] * [${kh},${kw},${oc}]`, ...extra]
    .filter((part) => part !== "")
    .join(", ");
  const kinds: [Case["kernel"], "x" | "w" | "g", "x" | "w" | "g", "x" | "w" | "g", number][] = [
    ["conv2d", "x", "w", "g", taps],
    ["conv2dInput", "g", "w", "x", kh * kw * (oc / groups)],
    ["conv2dKernel", "x", "g", "w", n * oh * ow],
  ];
  return kinds
    .filter(([, p, q]) => shared === "none" || shared === p || shared === q)
    .map(([kernel, p, q, to, terms]) => {
      const stride = (operand: "x" | "w" | "g") => (operand === shared ? 0 : size[operand]);
      const count = (operand: "x" | "w" | "g") =>
        size[operand] * (operand === shared ? Math.min(batch, 1) : batch);
      return {
        kernel,
        name,
        params: [...form, stride(p), stride(q)],
        inputs: () => [uniforms(count(p), 63), uniforms(count(q), 64)],
        outputs: [floatOut(batch * size[to], sumOf(terms))],
      };
    });
}

const CHANNELS = [1, 2, 3, 4, 5, 7, 8, 16, 17];

const SHAPES: Conv[] = [
  ...CHANNELS.flatMap((c) =>
    [1, 3, 8].map((oc): Conv => ({ h: 6, w: 7, c, kh: 3, kw: 3, oc, pad: [1, 1, 1, 1] })),
  ),
  ...[4, 5, 16, 31, 32, 33].map(
    (oc): Conv => ({ n: 2, h: 5, w: 9, c: 3, kh: 3, kw: 3, oc, pad: [1, 1, 1, 1] }),
  ),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 17].flatMap((w): Conv[] => [
    { h: 3, w, c: 4, kh: 3, kw: 3, oc: 8, pad: [1, 1, 1, 1] },
    { h: 4, w: w + 2, c: 5, kh: 3, kw: 3, oc: 9 },
  ]),
  ...[1, 2, 3].flatMap((sh) =>
    [1, 2, 3].flatMap((sw): Conv[] => [
      { n: 2, h: 11, w: 10, c: 3, kh: 3, kw: 3, oc: 5, stride: [sh, sw], pad: [1, 1, 1, 1] },
      { h: 9, w: 12, c: 4, kh: 2, kw: 3, oc: 8, stride: [sh, sw], pad: [0, 1, 2, 0] },
      { h: 8, w: 8, c: 8, kh: 1, kw: 1, oc: 4, stride: [sh, sw] },
      { h: 13, w: 9, c: 2, kh: 5, kw: 2, oc: 3, stride: [sh, sw], dilation: [2, 3] },
    ]),
  ),
  { h: 6, w: 6, c: 3, kh: 3, kw: 3, oc: 4, pad: [2, 0, 0, 3] },
  { h: 6, w: 6, c: 3, kh: 3, kw: 3, oc: 4, pad: [2, 2, 2, 2] },
  { h: 6, w: 6, c: 3, kh: 3, kw: 3, oc: 4, pad: [5, 4, 4, 5] },
  { h: 7, w: 7, c: 3, kh: 7, kw: 7, oc: 4 },
  { h: 7, w: 9, c: 1, kh: 7, kw: 1, oc: 4 },
  { h: 1, w: 40, c: 6, kh: 1, kw: 5, oc: 7, pad: [0, 0, 4, 0] },
  { n: 3, h: 1, w: 1, c: 10, kh: 1, kw: 1, oc: 6 },
  { h: 9, w: 9, c: 4, kh: 3, kw: 3, oc: 4, dilation: [2, 2], pad: [2, 2, 2, 2] },
  { h: 9, w: 9, c: 3, kh: 3, kw: 2, oc: 5, dilation: [3, 1], pad: [1, 3, 0, 1], stride: [2, 1] },
  { h: 4, w: 4, c: 3, kh: 2, kw: 2, oc: 3, stride: [3, 3] },
  // Groups, up to one channel each.
  { h: 6, w: 5, c: 4, kh: 3, kw: 3, oc: 6, groups: 2, pad: [1, 1, 1, 1] },
  { h: 6, w: 5, c: 6, kh: 3, kw: 3, oc: 9, groups: 3, stride: [2, 1] },
  { h: 7, w: 6, c: 8, kh: 3, kw: 3, oc: 8, groups: 8, pad: [1, 1, 1, 1] },
  { h: 7, w: 6, c: 5, kh: 3, kw: 3, oc: 5, groups: 5, pad: [1, 0, 1, 0], stride: [2, 2] },
  { h: 7, w: 6, c: 5, kh: 3, kw: 3, oc: 10, groups: 5, dilation: [2, 1] },
  { n: 2, h: 5, w: 5, c: 32, kh: 3, kw: 3, oc: 32, groups: 4, pad: [1, 1, 1, 1] },
  { h: 5, w: 6, c: 33, kh: 3, kw: 3, oc: 33, groups: 33, pad: [1, 1, 1, 1] },
  { h: 4, w: 4, c: 16, kh: 1, kw: 1, oc: 24, groups: 4 },
  // Windows that slide along, over several rows at once, and more pixels than one sum takes.
  { h: 13, w: 12, c: 1, kh: 5, kw: 5, oc: 8, dilation: [2, 1], pad: [4, 4, 2, 2] },
  { n: 2, h: 13, w: 12, c: 1, kh: 3, kw: 3, oc: 4, stride: [2, 3], dilation: [3, 2] },
  { h: 9, w: 13, c: 4, kh: 3, kw: 5, oc: 12, stride: [1, 4], dilation: [2, 2], pad: [2, 2, 4, 4] },
  { n: 2, h: 66, w: 67, c: 4, kh: 3, kw: 3, oc: 4, pad: [1, 1, 1, 1] },
  // Whole layers.
  { n: 2, h: 8, w: 8, c: 32, kh: 3, kw: 3, oc: 32, pad: [1, 1, 1, 1] },
  { n: 2, h: 14, w: 14, c: 1, kh: 3, kw: 3, oc: 32, pad: [1, 1, 1, 1] },
  { n: 1, h: 12, w: 12, c: 3, kh: 5, kw: 5, oc: 20, pad: [2, 2, 2, 2] },
  { n: 3, h: 10, w: 10, c: 16, kh: 3, kw: 3, oc: 33, pad: [1, 1, 1, 1], stride: [2, 2] },
  { n: 2, h: 9, w: 9, c: 31, kh: 3, kw: 3, oc: 17 },
  { n: 1, h: 6, w: 6, c: 300, kh: 1, kw: 1, oc: 12 },
  { n: MANY, h: 1, w: 1, c: 2, kh: 1, kw: 1, oc: 1 },
  // Nothing in, nothing out, nothing between.
  { n: 0, h: 5, w: 5, c: 3, kh: 3, kw: 3, oc: 4 },
  { h: 2, w: 5, c: 3, kh: 3, kw: 3, oc: 4 },
  { h: 5, w: 5, c: 0, kh: 3, kw: 3, oc: 4 },
  { h: 5, w: 5, c: 3, kh: 3, kw: 3, oc: 0 },
];

const BATCHED: Conv[] = [
  { batch: 3, n: 2, h: 6, w: 7, c: 3, kh: 3, kw: 3, oc: 5, pad: [1, 1, 1, 1] },
  { batch: 4, h: 7, w: 7, c: 1, kh: 3, kw: 3, oc: 8, stride: [2, 2], pad: [1, 1, 1, 1] },
  { batch: 2, n: 3, h: 5, w: 5, c: 4, kh: 3, kw: 3, oc: 6, groups: 2, pad: [1, 1, 1, 1] },
  { batch: 2, h: 6, w: 6, c: 16, kh: 3, kw: 3, oc: 16, pad: [1, 1, 1, 1] },
  { batch: 3, h: 5, w: 4, c: 5, kh: 1, kw: 1, oc: 7 },
  { batch: 0, h: 5, w: 4, c: 5, kh: 1, kw: 1, oc: 7 },
];

const convs: Case[] = [
  ...SHAPES.flatMap((conv) => convolutions(conv)),
  ...BATCHED.flatMap((conv) =>
    (["none", "x", "w", "g"] as const).flatMap((shared) => convolutions(conv, shared)),
  ),
];

export const productCases: Case[] = [...matmuls, ...convs];
