// Rows: products and convolutions large enough to fill a graphics card. Their results are verified
// by a corner, as the float64 reference would take hours for the whole.

import { conv2d, conv2dInput, conv2dKernel, matmul, slice, type Tensor } from "hypergrad";
import { type Group, images, normal, type Row } from "../row";

/** Side of the corner of a product that is compared. */
const CORNER = 64;

function square(size: number, transposeA: boolean, transposeB: boolean): Row {
  const at = size - CORNER;
  const whole = normal(size, size);
  const rows = (a: Tensor) =>
    transposeA ? slice(a, [0, at], [size, CORNER]) : slice(a, [at, 0], [CORNER, size]);
  const columns = (b: Tensor) =>
    transposeB ? slice(b, [at, 0], [CORNER, size]) : slice(b, [0, at], [size, CORNER]);
  const layout = `${transposeA ? "T" : "N"}${transposeB ? "T" : "N"}`;
  return {
    name: `matmul ${size}x${size}x${size} ${layout}, a corner of it`,
    inputs: [whole, whole],
    f: (a, b) => slice(matmul(a, b, { transposeA, transposeB }), [at, at], [CORNER, CORNER]),
    truth: (a, b) => matmul(rows(a), columns(b), { transposeA, transposeB }),
    work: { flops: 2 * size ** 3, bytes: 12 * size ** 2 },
    within: "arithmetic",
  };
}

/** Filters whose kernel gradient is compared. */
const SOME = 2;

/** The three derivatives of a 3x3 convolution with padding 1. */
function conv(n: number, side: number, c: number): Row[] {
  const padding = 1;
  const image = images(n, side, side, c);
  const last = (x: Tensor) => slice(x, [n - 1, 0, 0, 0], [1, side, side, c]);
  const few = (g: Tensor) => slice(g, [0, 0, 0, c - SOME], [n, side, side, SOME]);
  const kernel = { kind: "normal", shape: [3, 3, c, c], role: "kernel" } as const;
  const name = `${n}x${side}x${side}, ${c} to ${c}, a part of it`;
  const work = { flops: 18 * n * side ** 2 * c ** 2, bytes: 8 * n * side ** 2 * c + 36 * c ** 2 };
  const size = [side, side] as const;
  const common = { work, within: "arithmetic" } as const;
  return [
    {
      name: `conv forward ${name}`,
      inputs: [image, kernel],
      f: (x, w) => last(conv2d(x, w, { padding })),
      truth: (x, w) => conv2d(last(x), w, { padding }),
      ...common,
    },
    {
      name: `conv input gradient ${name}`,
      inputs: [image, kernel],
      f: (g, w) => last(conv2dInput(g, w, { padding, size })),
      truth: (g, w) => conv2dInput(last(g), w, { padding, size }),
      ...common,
    },
    {
      name: `conv kernel gradient ${name}`,
      inputs: [image, image],
      f: (x, g) => {
        const all = conv2dKernel(x, g, { padding, size: [3, 3] });
        return slice(all, [0, 0, 0, c - SOME], [3, 3, c, SOME]);
      },
      truth: (x, g) => conv2dKernel(x, few(g), { padding, size: [3, 3] }),
      ...common,
    },
  ];
}

export const largeGroups: readonly Group[] = [
  {
    name: "matmul, large",
    rows: [
      square(2048, false, false),
      square(4096, false, false),
      square(4096, true, false),
      square(4096, false, true),
    ],
  },
  { name: "conv, large", rows: [...conv(64, 56, 64), ...conv(64, 28, 128)] },
];
