// The reference kernels against values worked out by hand: nothing here is copied from their own
// output.

import { describe, expect, test } from "vitest";
import { IndexError } from "../src/core/errors";
import { type FunctionName, functions } from "../src/device/functions";
import type { KernelName } from "../src/device/kernels";
import { referenceDevice } from "../src/device/reference/device";

const ints: readonly KernelName[] = ["argmax", "argmin", "argsort", "maxPoolIndex", "randomBits"];

/** The outputs of one call on a fresh device; all inputs float32 unless given as Int32Array. */
async function run(
  kernel: KernelName,
  inputs: readonly (number[] | Int32Array)[],
  sizes: readonly number[],
  params: readonly number[],
  out: "float32" | "int32" = ints.includes(kernel) || kernel.startsWith("int")
    ? "int32"
    : "float32",
): Promise<number[][]> {
  const device = referenceDevice();
  const from = inputs.map((data) => {
    const int = data instanceof Int32Array || kernel.startsWith("int");
    const storage = device.allocate(data.length, int ? "int32" : "float32");
    device.write(storage, data);
    return storage;
  });
  const to = sizes.map((size) => {
    const storage = device.allocate(size, out);
    device.write(storage, new Array(size).fill(77));
    return storage;
  });
  device.run(kernel, from, to, params);
  return Promise.all(to.map(async (storage) => Array.from(await device.read(storage))));
}

const int = (...values: number[]) => Int32Array.from(values);
const opcode = (f: FunctionName) => functions[f].code;

describe("elementwise", () => {
  test.each<[FunctionName, number, number]>([
    ["exp", 1, Math.E],
    ["log", Math.E, 1],
    ["rsqrt", 16, 0.25],
    ["sigmoid", 0, 0.5],
    ["softplus", 0, Math.LN2],
    ["softplus", -1000, 0],
    ["softplus", 1000, 1000],
    ["erf", 0, 0],
    ["erfInv", 0, 0],
    ["relu", -3, 0],
    ["relu", NaN, NaN],
    ["sign", -0.001, -1],
    ["round", 2.5, 2],
    ["round", 3.5, 4],
    ["round", -0.5, 0],
    ["round", -2.5, -2],
    ["floor", -0.5, -1],
    ["isNaN", NaN, 1],
    ["toInt", -2.7, -2],
    ["toInt", 3e10, 2147483647],
    ["toInt", NaN, 0],
  ])("%s(%d)", async (f, x, y) => {
    const [[got]] = await run("map1", [[x]], [1], [opcode(f), 1, 1, 1]);
    if (Number.isNaN(y)) expect(got).toBeNaN();
    else expect(got).toBeCloseTo(y, 14);
  });

  test("operands repeat: a column and a row make a table", async () => {
    // x is a column of 2 read across 3 columns, y a row of 3 read down 2 rows.
    const params = [opcode("add"), 6, 3, 2, 1, 3];
    expect(
      await run(
        "map2",
        [
          [10, 20],
          [1, 2, 3],
        ],
        [6],
        params,
      ),
    ).toEqual([[11, 12, 13, 21, 22, 23]]);
  });

  test("where takes a scalar condition and moves the other two", async () => {
    const params = [opcode("where"), 4, 1, 1, 1, 4, 2, 2];
    const result = await run("map3", [int(0), [1, 2, 3, 4], [-1, -2]], [4], params);
    expect(result).toEqual([[-1, -1, -2, -2]]);
  });

  test("int32 wraps", async () => {
    const two = (f: FunctionName, x: number, y: number) =>
      run("map2", [int(x), int(y)], [1], [opcode(f), 1, 1, 1, 1, 1], "int32");
    expect(await two("intAdd", 2147483647, 1)).toEqual([[-2147483648]]);
    expect(await two("intMul", 65536, 65537)).toEqual([[65536]]);
    expect(await two("intSub", -2147483648, 1)).toEqual([[2147483647]]);
  });

  test("chain runs its steps in order and gives every output", async () => {
    // Inputs x [3] and a scalar s; registers 2 and 3 are the outputs, 4 is between them.
    const steps = [
      [opcode("mul"), 0, 1, 0, 4], // x s
      [opcode("add"), 4, 0, 0, 2], // x s + x
      [opcode("neg"), 2, 2, 2, 4],
      [opcode("sub"), 4, 1, 0, 3], // -(x s + x) - s
    ];
    const params = [3, 2, 2, 4, 0, 0, 1, 1, 3, 3, 1, 1, 3, ...steps.flat()];
    expect(await run("chain", [[1, 2, 3], [10]], [3, 3], params)).toEqual([
      [11, 22, 33],
      [-21, -32, -43],
    ]);
  });

  test("fill writes its value everywhere", async () => {
    expect(await run("fill", [], [3], [3, 0.5])).toEqual([[0.5, 0.5, 0.5]]);
    expect(await run("fillInt", [], [2], [2, -4])).toEqual([[-4, -4]]);
  });
});

describe("reductions", () => {
  const x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]; // [2, 3, 2]
  const shape = [2, 3, 2];

  test("reduce the middle axis", async () => {
    expect(await run("sum", [x], [4], shape)).toEqual([[9, 12, 27, 30]]);
    expect(await run("prod", [x], [4], shape)).toEqual([[15, 48, 693, 960]]);
    expect(await run("max", [x], [4], shape)).toEqual([[5, 6, 11, 12]]);
    expect(await run("min", [x], [4], shape)).toEqual([[1, 2, 7, 8]]);
    expect(await run("intSum", [x], [4], shape)).toEqual([[9, 12, 27, 30]]);
  });

  test("of nothing give the neutral element", async () => {
    const empty = async (kernel: KernelName) => (await run(kernel, [[]], [1], [1, 0, 1]))[0][0];
    expect(await empty("sum")).toBe(0);
    expect(await empty("prod")).toBe(1);
    expect(await empty("max")).toBe(-Infinity);
    expect(await empty("min")).toBe(Infinity);
    expect(await empty("logSumExp")).toBe(-Infinity);
    expect(await empty("intMax")).toBe(-2147483648);
    expect(await empty("intMin")).toBe(2147483647);
    expect(await empty("intProd")).toBe(1);
  });

  test("argmax and argmin give the first of equals and the first NaN; max keeps NaN", async () => {
    expect(await run("argmax", [[1, 5, 5, 2]], [1], [1, 4, 1])).toEqual([[1]]);
    expect(await run("argmin", [[3, 1, 1, 2]], [1], [1, 4, 1])).toEqual([[1]]);
    expect(await run("argmax", [[9, NaN, 10, NaN]], [1], [1, 4, 1])).toEqual([[1]]);
    expect(await run("argmin", [[9, 0, NaN]], [1], [1, 3, 1])).toEqual([[2]]);
    expect(await run("max", [[1, NaN, 2]], [1], [1, 3, 1])).toEqual([[NaN]]);
  });

  test("logSumExp neither overflows nor loses an infinity", async () => {
    const of = async (...v: number[]) => (await run("logSumExp", [v], [1], [1, v.length, 1]))[0][0];
    expect(await of(1000, 1000)).toBeCloseTo(1000 + Math.LN2, 12);
    expect(await of(-Infinity, 3)).toBe(3);
    expect(await of(-Infinity, -Infinity)).toBe(-Infinity);
    expect(await of(Infinity, 1)).toBe(Infinity);
    expect(await of(NaN, Infinity)).toBeNaN();
  });

  test("cumsum runs along the middle axis, either way", async () => {
    expect(await run("cumsum", [x], [12], [...shape, 0])).toEqual([
      [1, 2, 4, 6, 9, 12, 7, 8, 16, 18, 27, 30],
    ]);
    expect(await run("cumsum", [x], [12], [...shape, 1])).toEqual([
      [9, 12, 8, 10, 5, 6, 27, 30, 20, 22, 11, 12],
    ]);
  });
});

describe("movement", () => {
  test("move transposes, flips and leaves the rest alone", async () => {
    const transpose = [1, 1, 1, 1, 3, 2, 0, 0, 0, 0, 0, 1, 3, 0, 0, 0, 0, 0, 2, 1];
    expect(await run("move", [[1, 2, 3, 4, 5, 6]], [6], transpose)).toEqual([[1, 4, 2, 5, 3, 6]]);
    const flipInto = [1, 1, 1, 1, 1, 3, 2, 0, 0, 0, 0, 0, -1, 1, 0, 0, 0, 0, 0, 1];
    expect(await run("move", [[1, 2, 3]], [5], flipInto)).toEqual([[77, 3, 2, 1, 77]]);
  });

  test("gather and scatterAdd are adjoint", async () => {
    const idx = int(2, 0, 2);
    const sizes = [1, 3, 3, 2];
    expect(await run("gather", [[1, 2, 3, 4, 5, 6], idx], [6], sizes)).toEqual([
      [5, 6, 1, 2, 5, 6],
    ]);
    expect(await run("scatterAdd", [[1, 2, 3, 4, 5, 6], idx], [6], sizes)).toEqual([
      [3, 4, 0, 0, 6, 8],
    ]);
  });

  test("gatherAlong and scatterAlong have an index for every element", async () => {
    const idx = int(1, 0, 0, 0); // [1, k = 2, inner = 2]
    const sizes = [1, 3, 2, 2];
    expect(await run("gatherAlong", [[1, 2, 3, 4, 5, 6], idx], [4], sizes)).toEqual([[3, 2, 1, 2]]);
    expect(await run("scatterAlong", [[1, 2, 3, 4], idx], [6], sizes)).toEqual([
      [3, 6, 1, 0, 0, 0],
    ]);
  });

  test("a bad index is an error that names it", async () => {
    const bad = run("gather", [[1, 2, 3], int(0, 3)], [2], [1, 3, 2, 1]);
    await expect(bad).rejects.toThrow(IndexError);
    await expect(bad).rejects.toThrow(
      "gather: index out of range: idx[1] is 3, the axis has 3. Use 0 to 2.",
    );
    await expect(run("gather", [[], int(0)], [1], [1, 0, 1, 1])).rejects.toThrow(
      "gather: index out of range: idx[0] is 0, the axis has 0. No index fits.",
    );
  });

  test("argsort is stable both ways and puts NaN last", async () => {
    const x = [2, NaN, 1, 2, -1, 1];
    expect(await run("argsort", [x], [6], [1, 6, 0])).toEqual([[4, 2, 5, 0, 3, 1]]);
    expect(await run("argsort", [x], [6], [1, 6, 1])).toEqual([[0, 3, 2, 5, 4, 1]]);
  });
});

describe("products", () => {
  const [a, at] = [
    [1, 2, 3, 4, 5, 6],
    [1, 4, 2, 5, 3, 6],
  ]; // [2, 3] and its transpose
  const [b, bt] = [
    [1, 0, 2, -1, 0, 3],
    [1, 2, 0, 0, -1, 3],
  ]; // [3, 2] and its transpose

  test.each([
    ["NN", a, b, 0, 0],
    ["TN", at, b, 1, 0],
    ["NT", a, bt, 0, 1],
    ["TT", at, bt, 1, 1],
  ])("matmul %s", async (_, p, q, ta, tb) => {
    const result = await run("matmul", [p, q], [4], [1, 2, 3, 2, ta, tb, 6, 6]);
    expect(result).toEqual([[5, 7, 14, 13]]);
  });

  test("a batch can share a matrix; without terms the product is 0", async () => {
    const shared = [2, 1, 2, 1, 0, 0, 2, 0];
    expect(
      await run(
        "matmul",
        [
          [1, 2, 3, 4],
          [10, 100],
        ],
        [2],
        shared,
      ),
    ).toEqual([[210, 430]]);
    expect(await run("matmul", [[], []], [2], [1, 1, 0, 2, 0, 0, 0, 0])).toEqual([[0, 0]]);
  });

  // x [3, 3, 1], w [2, 2, 1, 1], stride 1, padding 1 above and left, out [3, 3].
  const x = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const w = [1, 10, 100, 1000];
  const conv = [1, 1, 3, 3, 1, 2, 2, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 9];

  test("conv2d multiplies each window, zero outside", async () => {
    expect(await run("conv2d", [x, w], [9], [...conv, 4])).toEqual([
      [1000, 2100, 3200, 4010, 5421, 6532, 7040, 8754, 9865],
    ]);
  });

  test("conv2dInput and conv2dKernel are its derivatives", async () => {
    const one = [0, 0, 0, 0, 1, 0, 0, 0, 0]; // the middle output: x[0..1, 0..1]
    expect(await run("conv2dInput", [one, w], [9], [...conv, 4])).toEqual([
      [1, 10, 0, 100, 1000, 0, 0, 0, 0],
    ]);
    expect(await run("conv2dKernel", [x, one], [4], [...conv, 9])).toEqual([[1, 2, 4, 5]]);
  });

  test("stride, dilation and groups", async () => {
    // x [1, 5, 2], w [1, 2, 1, 2], stride 2, dilation 2, groups 2: channels stay apart.
    const line = [1, -1, 2, -2, 3, -3, 4, -4, 5, -5];
    const params = [1, 1, 1, 5, 2, 1, 2, 2, 1, 2, 1, 2, 0, 0, 1, 2, 2, 10, 4];
    const result = await run("conv2d", [line, [1, 1, 10, 100]], [4], params);
    expect(result).toEqual([[31, -301, 53, -503]]);
  });
});

describe("pooling", () => {
  const x = [1, 9, 2, 9, 5, 6, 7, 8, 0]; // [3, 3, 1]
  const pool = [1, 3, 3, 1, 2, 2, 2, 2, 1, 1, 0, 0];

  test("maxPoolIndex gives the first maximum, and NaN", async () => {
    expect(await run("maxPoolIndex", [x], [4], pool)).toEqual([[1, 1, 3, 7]]);
    const withNaN = [1, 9, 2, 9, NaN, 6, 7, 8, 0];
    expect(await run("maxPoolIndex", [withNaN], [4], pool)).toEqual([[4, 4, 4, 4]]);
  });

  test("padding is never a maximum", async () => {
    const padded = [1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1];
    expect(await run("maxPoolIndex", [[-5]], [4], padded)).toEqual([[0, 0, 0, 0]]);
  });

  test("poolGather and poolScatter go by the indices; sums by the windows", async () => {
    const idx = int(1, 1, 3, 7);
    expect(await run("poolGather", [x, idx], [4], pool)).toEqual([[9, 9, 9, 8]]);
    expect(await run("poolScatter", [[1, 2, 3, 4], idx], [9], pool)).toEqual([
      [0, 3, 0, 3, 0, 0, 0, 4, 0],
    ]);
    expect(await run("sumPool", [x], [4], pool)).toEqual([[24, 22, 29, 19]]);
    expect(await run("sumPoolInput", [[1, 2, 3, 4]], [9], pool)).toEqual([
      [1, 3, 2, 4, 10, 6, 3, 7, 4],
    ]);
  });
});

describe("normalization", () => {
  test("softmax of log 1, log 2, log 5", async () => {
    const x = [0, Math.log(2), Math.log(5)];
    const [y] = await run("softmax", [x], [3], [1, 3]);
    for (const [i, p] of [0.125, 0.25, 0.625].entries()) expect(y[i]).toBeCloseTo(p, 14);
    const [z] = await run("logSoftmax", [x.map((v) => v + 500)], [3], [1, 3]);
    expect(z[0]).toBeCloseTo(-Math.log(8), 12);
    expect((await run("softmax", [[-Infinity, 4]], [2], [1, 2]))[0]).toEqual([0, 1]);
  });

  test("normalize: mean 0, variance 1 over the middle axis", async () => {
    // Columns 1, 3 and 10, 20 have deviations 1 and 5; eps 3 makes the first rstd 1/2.
    const [y, r] = await run("normalize", [[1, 10, 3, 20]], [4, 2], [1, 2, 2, 3]);
    expect(r).toEqual([0.5, 1 / Math.sqrt(28)]);
    expect(y).toEqual([-0.5, -5 / Math.sqrt(28), 0.5, 5 / Math.sqrt(28)]);
  });

  test("normalizeInput: g less its mean and its part along y", async () => {
    // mean(g) = 2, mean(g y) = (−1 + 0 + 5) / 3 with y = −1, 0, 1
    const result = await run("normalizeInput", [[1, 0, 5], [-1, 0, 1], [3]], [3], [1, 3, 1]);
    const along = 4 / 3;
    for (const [i, v] of [3 * (1 - 2 + along), -6, 3 * (5 - 2 - along)].entries()) {
      expect(result[0][i]).toBeCloseTo(v, 14);
    }
  });
});

describe("random", () => {
  test("words are Threefry's, in order, for each key", async () => {
    const keys = int(0, 0, 0x13198a2e, 0x03707344);
    const [words] = await run("randomBits", [keys], [2], [2, 1]);
    // Counter (0, 0) of key (0, 0) is a published answer.
    expect(words[0]).toBe(0x6b200159);
    const [four] = await run("randomBits", [int(0, 0)], [4], [1, 4]);
    expect(four.slice(0, 2)).toEqual([0x6b200159, 0x99ba4efe | 0]);
    expect(new Set(four).size).toBe(4);
  });

  test("splitting a key gives pairs that its own words do not have", async () => {
    const [pairs] = await run("splitKey", [int(0, 0)], [6], [1, 3], "int32");
    const [words] = await run("randomBits", [int(0, 0)], [6], [1, 6]);
    expect(new Set([...pairs, ...words]).size).toBe(12);
  });
});
