// Cases of move (transposes, slices, flips, expands, concats, pads), gather and scatter with
// repeats and bad indices, and argsort with ties and NaN.

import type { KernelName } from "../../src/device/kernels";
import {
  bits,
  type Case,
  EDGES,
  floatOut,
  integers,
  intOut,
  MANY,
  put,
  type Rule,
  sumOf,
  ties,
  uniforms,
} from "./case";

interface View {
  readonly start?: number;
  readonly strides: readonly number[];
}

/** A move over `shape` (up to six axes), between views of blocks of `from` and `to` elements. */
function move(name: string, shape: number[], from: number, x: View, to: number, out: View): Case[] {
  const lead = new Array<number>(6 - shape.length);
  const params = [
    ...[...lead.fill(1), ...shape],
    ...[x.start ?? 0, ...lead.fill(0), ...x.strides],
    ...[out.start ?? 0, ...lead.fill(0), ...out.strides],
  ];
  return [
    {
      kernel: "move",
      name: `${name} [${shape}]`,
      params,
      inputs: () => [put(uniforms(from, 41), -0, from >> 1)],
      outputs: [floatOut(to, bits)],
    },
    {
      kernel: "move",
      name: `${name} [${shape}] int32`,
      params,
      inputs: () => [integers(from, 42, -(2 ** 31), 2 ** 31)],
      outputs: [intOut(to)],
    },
  ];
}

function strides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
}

const total = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** The axes of a tensor of `shape` in another order. */
function transpose(shape: number[], perm: number[]): Case[] {
  const result = perm.map((axis) => shape[axis]);
  const from = strides(shape);
  const n = total(shape);
  return move(`transpose by ${perm}`, result, n, { strides: perm.map((axis) => from[axis]) }, n, {
    strides: strides(result),
  });
}

const moves: Case[] = [
  ...EDGES.flatMap((n) => move("copy", [n], n, { strides: [1] }, n, { strides: [1] })),
  ...EDGES.flatMap((n) =>
    move("flip", [n], n, { start: Math.max(n - 1, 0), strides: [-1] }, n, { strides: [1] }),
  ),
  ...EDGES.flatMap((n) => move("scalar to", [n], 1, { strides: [0] }, n, { strides: [1] })),
  ...[
    [1, 1],
    [4, 4],
    [3, 5],
    [8, 8],
    [7, 9],
    [15, 17],
    [16, 64],
    [33, 31],
    [65, 63],
    [1, 100],
    [100, 1],
    [0, 5],
  ].flatMap((shape) => transpose(shape, [1, 0])),
  ...[
    [0, 2, 1],
    [1, 0, 2],
    [2, 1, 0],
    [1, 2, 0],
    [2, 0, 1],
  ].flatMap((perm) => [
    ...transpose([3, 5, 7], perm),
    ...transpose([4, 8, 12], perm),
    ...transpose([9, 17, 1], perm),
  ]),
  ...transpose([2, 3, 4, 5], [0, 2, 1, 3]),
  ...transpose([3, 3, 5, 8], [3, 2, 0, 1]),
  ...transpose([2, 3, 2, 3, 2], [4, 1, 3, 0, 2]),
  ...transpose([2, 3, 4, 3, 2, 5], [5, 0, 4, 1, 3, 2]),
  ...transpose([2, 3, 4, 3, 2, 5], [1, 0, 3, 2, 4, 5]),
  ...[1, 3, 4, 5, 8, 17].flatMap((w) => [
    // a window of [7, 20], into its own tensor and into the middle of a larger one
    ...move("slice", [5, w], 140, { start: 22, strides: [20, 1] }, 5 * w, { strides: [w, 1] }),
    ...move("pad", [5, w], 5 * w, { strides: [w, 1] }, 140, { start: 22, strides: [20, 1] }),
    ...move("row to matrix", [6, w], w, { strides: [0, 1] }, 6 * w, { strides: [w, 1] }),
    ...move("column to matrix", [6, w], 6, { strides: [1, 0] }, 6 * w, { strides: [w, 1] }),
    ...move("flip rows", [6, w], 6 * w, { start: 5 * w, strides: [-w, 1] }, 6 * w, {
      strides: [w, 1],
    }),
    ...move("flip both", [6, w], 6 * w, { start: 6 * w - 1, strides: [-w, -1] }, 6 * w, {
      strides: [w, 1],
    }),
    ...move("concat on axis 1", [6, w], 6 * w, { strides: [w, 1] }, 6 * (w + 3), {
      start: 3,
      strides: [w + 3, 1],
    }),
    ...move("middle expand", [3, 4, w], 3 * w, { strides: [w, 0, 1] }, 12 * w, {
      strides: [4 * w, w, 1],
    }),
  ]),
  ...move("every third", [11], 33, { start: 2, strides: [3] }, 11, { strides: [1] }),
  ...move("every third back", [11], 33, { start: 32, strides: [-3] }, 11, { strides: [1] }),
  ...move("to every third", [11], 11, { strides: [1] }, 33, { start: 1, strides: [3] }),
  ...move("to the back", [11], 11, { strides: [1] }, 11, { start: 10, strides: [-1] }),
  ...move("nothing", [3, 0, 4], 5, { strides: [4, 4, 1] }, 5, { strides: [4, 4, 1] }),
  ...move("diagonal", [9], 81, { strides: [10] }, 9, { strides: [1] }),
  ...move("to the diagonal", [9], 9, { strides: [1] }, 81, { strides: [10] }),
  ...move("large", [70, 3, 101], 70 * 303, { strides: [101, 7070, 1] }, 70 * 303, {
    strides: [303, 101, 1],
  }),
];

type Sizes = readonly [outer: number, n: number, k: number, inner: number];

const SIZES: Sizes[] = [
  ...EDGES.map((inner): Sizes => [2, 6, 9, inner]),
  ...EDGES.map((k): Sizes => [3, 5, k, 1]),
  ...EDGES.filter((n) => n > 0).map((n): Sizes => [1, n, 20, 4]),
  [0, 5, 7, 3],
  [1, 1, 300, 1],
  [1, 400, 257, 1],
  [64, 10, 1, 1],
  [5, 3, 0, 4],
  [1, 9, MANY, 1],
  [2, 0, 0, 4],
];

function indexed(kernel: KernelName, [outer, n, k, inner]: Sizes, int: boolean): Case {
  const along = kernel.endsWith("Along");
  const gathers = kernel.startsWith("gather");
  const wide = outer * n * inner;
  const narrow = outer * k * inner;
  const from = gathers ? wide : narrow;
  const to = gathers ? narrow : wide;
  const count = along ? narrow : k;
  const rule: Rule = gathers ? bits : sumOf(k);
  return {
    kernel,
    name: `[${[outer, n, k, inner]}]${int ? " int32" : ""}`,
    params: [outer, n, k, inner],
    inputs: () => [
      int ? integers(from, 43, -(2 ** 31), 2 ** 31) : uniforms(from, 44),
      n === 0 ? new Int32Array(count) : integers(count, 45, 0, n),
    ],
    outputs: [int ? intOut(to) : floatOut(to, rule)],
  };
}

/** Index `value` at `place` among good ones, for [2, 10, 9, 3]. */
function bad(kernel: KernelName, place: number, value: number): Case {
  const good = indexed(kernel, [2, 10, 9, 3], false);
  const said = `idx[${place}] is ${value}, the axis has 10. Use 0 to 9.`;
  return {
    ...good,
    name: `idx[${place}] = ${value} is refused`,
    inputs: () => {
      const [x, idx] = good.inputs();
      return [x, put(idx, value, place)];
    },
    throws: `${kernel}: index out of range: ${said}`,
  };
}

const indexedCases = (["gather", "scatterAdd", "gatherAlong", "scatterAlong"] as const).flatMap(
  (kernel) => [
    ...SIZES.map((sizes) => indexed(kernel, sizes, false)),
    ...(kernel.startsWith("gather") ? SIZES.map((sizes) => indexed(kernel, sizes, true)) : []),
    bad(kernel, 7, 12),
    bad(kernel, 0, 10),
    bad(kernel, 8, -1),
    bad(kernel, 4, 2 ** 31 - 1),
    bad(kernel, 5, -(2 ** 31)),
  ],
);

function sorted(name: string, outer: number, n: number, make: () => Float32Array): Case[] {
  return [0, 1].map((descending) => ({
    kernel: "argsort",
    name: `[${outer}, ${n}] ${name} ${descending ? "descending" : "ascending"}`,
    params: [outer, n, descending],
    inputs: () => [make()],
    outputs: [intOut(outer * n)],
  }));
}

const sorts: Case[] = [
  ...EDGES.flatMap((n) => [
    ...sorted("of all sizes", 3, n, () => uniforms(3 * n, 46)),
    ...sorted("with ties", 2, n, () => ties(2 * n, 47)),
  ]),
  ...sorted("long", 2, 1021, () => uniforms(2042, 48)),
  ...sorted("long, with ties", 1, 5000, () => ties(5000, 49)),
  ...sorted("many", MANY, 2, () => uniforms(2 * MANY, 55)),
  ...sorted("equal", 1, 40, () => new Float32Array(40).fill(3)),
  ...sorted("0 and -0", 1, 40, () => ties(40, 50).map((v, i) => (i % 2 ? 0 : -0) * Math.abs(v))),
  ...sorted("NaN and inf", 2, 33, () =>
    put(put(put(ties(66, 51), NaN, 0, 5, 30, 32, 40), Infinity, 3, 17, 50), -Infinity, 9, 31, 51),
  ),
  ...sorted("all NaN", 1, 9, () => new Float32Array(9).fill(NaN)),
  ...sorted("negative NaN", 1, 9, () => {
    const x = ties(9, 52);
    new Uint32Array(x.buffer).set([0xffc00000], 4);
    return x;
  }),
  ...[0, 1, 2, 9, 64, 1021].flatMap((n) =>
    [0, 1].flatMap((descending): Case[] =>
      [integers(2 * n, 53, -(2 ** 31), 2 ** 31), integers(2 * n, 54, -3, 4)].map((x, at) => ({
        kernel: "intArgsort",
        name: `[2, ${n}] ${at ? "ties" : "range"} ${descending ? "descending" : "ascending"}`,
        params: [2, n, descending],
        inputs: () => [x.slice()],
        outputs: [intOut(2 * n)],
      })),
    ),
  ),
];

export const movementCases: Case[] = [...moves, ...indexedCases, ...sorts];
