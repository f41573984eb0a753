// Chains as parts of products: which are, where the two then stand, and that no bit changes by it,
// whatever the product's path, the chain's operands and the number of threads.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setDevice } from "../../src/device/current";
import type { Device } from "../../src/device/device";
import { referenceDevice } from "../../src/device/reference/device";
import { wasmDevice } from "../../src/device/wasm/device";
import { grad, vmap } from "../../src/grad/index";
import * as ops from "../../src/ops/index";
import { capture } from "../../src/program/capture";
import type { Chain } from "../../src/program/chain";
import { compile } from "../../src/program/compile";
import { emit } from "../../src/program/emit";
import { inPlace } from "../../src/program/inPlace";
import { optimize } from "../../src/program/passes";
import { zeros } from "../../src/tensor/fill";
import { scope } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";
import type { Tree } from "../../src/tensor/tree";

const { add, concat, conv2d, key, matmul, mul, normal, relu, square, sub, sum, tanh, transpose } =
  ops;

describe("the pass", () => {
  const device = referenceDevice();
  beforeAll(() => setDevice(device));

  function graphOf(f: (x: Tensor, y: Tensor) => Tree, on: Device = device) {
    const spec = { shape: [6, 6], dtype: "float32" as const };
    const form = [0, 0] as unknown as Tree[];
    return optimize(capture(on, f as (...args: Tree[]) => Tree, form, [spec, spec]).graph, on);
  }
  const names = ({ nodes }: ReturnType<typeof graphOf>) => nodes.map(({ op }) => op.name);
  const folded = ({ nodes }: ReturnType<typeof graphOf>) =>
    nodes.filter(({ attrs }) => (attrs as Partial<Chain>)?.follows !== undefined).length;

  test("puts a bias and an activation, and one op alone, into the product's call", () => {
    for (const f of [(z: Tensor) => tanh(add(z, 1)), tanh]) {
      const graph = graphOf((x, y) => f(matmul(x, y)));
      expect(names(graph)).toEqual(["matmul", "chain"]);
      const { calls } = emit(graph);
      expect(calls.map(({ kernel, epilogue }) => [kernel, epilogue?.kernel])).toEqual([
        ["matmul", "chain"],
      ]);
    }
  });

  test("moves the chain up, or the product down, but not past what lies between", () => {
    const up = graphOf((x, y) => {
      const z = matmul(x, y);
      const other = sum(matmul(y, x));
      return [tanh(add(z, x)), other];
    });
    expect(folded(up)).toBe(1);
    const down = graphOf((x, y) => {
      const z = matmul(x, y);
      return tanh(add(z, sum(x)));
    });
    expect(names(down).slice(-2)).toEqual(["matmul", "chain"]);
    expect(folded(down)).toBe(1);
    const held = graphOf((x, y) => {
      const rows = concat([x, x, x]);
      const z = matmul(rows, rows, { transposeA: true }); // rows would live as long as z now does
      return tanh(add(z, sum(matmul(y, y))));
    });
    expect(folded(held)).toBe(0);
    const between = graphOf((x, y) => {
      const z = matmul(x, y);
      return tanh(add(z, sum(z)));
    });
    expect(folded(between)).toBe(0);
  });

  test("one chain a product, the last product of a chain that reads two", () => {
    const two = graphOf((x, y) => tanh(add(matmul(x, y), matmul(y, x))));
    expect(folded(two)).toBe(1);
    const twice = graphOf((x, y) => {
      const z = matmul(x, y);
      const first = tanh(z);
      return [first, relu(add(z, sum(first)))];
    });
    expect(folded(twice)).toBe(1);
  });

  test("leaves alone a product that is read transposed or repeated, and small ones", () => {
    expect(folded(graphOf((x, y) => tanh(transpose(matmul(x, y)))))).toBe(0);
    const both = graphOf((x, y) => {
      const row = matmul(ops.slice(x, [0, 0], [1, 6]), y);
      return tanh(add(x, row));
    });
    expect(folded(both)).toBe(0);
    const small = { ...device, foldFrom: 37 } as Device;
    expect(folded(graphOf((x, y) => tanh(matmul(x, y)), small))).toBe(0);
  });

  test("the chain writes over the product, and not over what the product reads", () => {
    const inWriting = (f: (x: Tensor, y: Tensor) => Tree) => {
      const { calls } = emit(graphOf(f));
      return { over: inPlace(calls), calls };
    };
    const alone = inWriting((x, y) => ops.flip(tanh(matmul(x, y)), 0));
    expect([...alone.over.values()]).toEqual(alone.calls[0].outputs);
    const kept = inWriting((x, y) => {
      const a = ops.flip(x, 0);
      const z = matmul(a, y);
      return [ops.flip(mul(a, z), 0), z]; // z is a result: only a could be written over
    });
    expect(kept.calls[1].epilogue?.inputs).toHaveLength(2);
    expect(kept.over.size).toBe(0);
  });

  test("graph() and stats() tell of the two as one call", () => {
    const step = compile((x: Tensor, y: Tensor) => tanh(add(matmul(x, y), 1)), { profile: true });
    scope(() => void step(normal(key(1), [4, 5]), normal(key(2), [5, 6])));
    const { nodes } = step.graph();
    const [product, chain] = nodes.filter(({ inputs }) => inputs.length > 0).slice(-2);
    expect(product).toMatchObject({ op: "matmul", within: null, ms: expect.any(Number) });
    expect(chain).toMatchObject({ detail: "add tanh", within: product.id, ms: null });
    const { kernels, flops, profile } = step.stats();
    expect({ kernels, flops }).toEqual({ kernels: 1, flops: 2 * 4 * 5 * 6 + 24 });
    expect(profile).toMatchObject([{ kernel: "matmul + chain", calls: 1, flops }]);
    step.dispose();
  });
});

type Product = readonly [
  name: string,
  shapes: readonly (readonly number[])[],
  f: (a: Tensor, b: Tensor) => Tensor,
];

/** The gradient of a convolution by its input, which has `side` rows and columns. */
const adjoint = (side: number, options: Parameters<typeof conv2d>[2] = {}) => {
  return (w: Tensor, g: Tensor) => {
    const zero = zeros([g.shape[0], side, side, w.shape[2] * (options.groups ?? 1)]);
    return grad((x: Tensor) => sum(mul(conv2d(x, w, options), g)))(zero);
  };
};

/** Each takes another path of the kernels. */
// biome-ignore format: a line each
const products: readonly Product[] = [
  ["matmul of few rows", [[5, 7], [7, 40]], matmul],
  ["matmul of a row", [[1, 30], [30, 600]], matmul],
  ["matmul of a column", [[70, 30], [30, 1]], matmul],
  ["matmul of no inner size", [[4, 0], [0, 33]], matmul],
  ["matmul of long sums", [[67, 700], [700, 50]], matmul],
  ["matmul of wide rows", [[50, 40], [40, 1100]], matmul],
  ["matmul TN", [[31, 90], [31, 40]], (a, b) => matmul(a, b, { transposeA: true })],
  ["matmul NT", [[90, 31], [40, 31]], (a, b) => matmul(a, b, { transposeB: true })],
  ["matmul of a batch", [[5, 9, 8], [5, 8, 30]], matmul],
  ["conv2d", [[3, 9, 9, 8], [3, 3, 8, 16]], (x, w) => conv2d(x, w, { padding: 1 })],
  ["conv2d of large images", [[2, 40, 40, 4], [3, 3, 4, 8]], (x, w) => conv2d(x, w)],
  ["conv2d in groups", [[2, 9, 9, 8], [3, 3, 4, 6]], (x, w) => conv2d(x, w, { groups: 2 })],
  ["conv2d by depth", [[2, 9, 9, 8], [3, 3, 1, 8]], (x, w) => conv2d(x, w, { groups: 8 })],
  ["conv2d of a batch", [[4, 2, 9, 9, 8], [4, 3, 3, 8, 8]], vmap((x, w) => conv2d(x, w))],
  ["conv2dInput", [[3, 3, 8, 16], [2, 7, 7, 16]], adjoint(9)],
  ["conv2dInput of stride 2", [[3, 3, 8, 16], [2, 10, 10, 16]], adjoint(21, { stride: 2 })],
  ["conv2dInput of groups", [[3, 3, 6, 16], [2, 7, 7, 16]], adjoint(9, { groups: 2 })],
  ["conv2dInput by depth", [[3, 3, 1, 8], [2, 7, 7, 8]], adjoint(9, { groups: 8 })],
  ["conv2dInput of 3 channels", [[3, 3, 3, 16], [2, 7, 7, 16]], adjoint(9)],
  ["conv2dInput of 1 channel", [[3, 3, 1, 16], [2, 10, 10, 16]], adjoint(21, { stride: 2 })],
];

/** What follows them: `row` is as long as their rows, `like` as large as they are. */
const chains: Record<string, (z: Tensor, row: Tensor, like: Tensor) => Tree> = {
  "a bias and relu": (z, row) => relu(add(z, row)),
  "a bias alone": add,
  "a bias, written over the product": (z, row) => ops.flip(tanh(add(z, row)), 0),
  "other operands, the product needed too": (z, row, like) => [tanh(mul(add(z, row), like)), z],
  "sums of columns": (z, row) => {
    return sum(tanh(add(z, row)), { axis: z.shape.slice(1).map((_, i) => i) });
  },
  "results and a sum of rows": (z, row, like) => {
    const y = mul(add(z, row), like);
    return [y, sum(square(sub(y, 1)), { axis: -1 })];
  },
  "a bias of each image": (z, _, like) => {
    const sizes = like.shape.map((n, i) => (i % 2 ? 1 : n));
    const start = sizes.map(() => 0);
    return tanh(add(z, ops.slice(like, start, sizes)));
  },
};

describe("on wasm", () => {
  const devices: Record<string, Device> = {};
  beforeAll(async () => {
    devices.apart = await wasmDevice({ foldFrom: Number.POSITIVE_INFINITY });
    devices.folded = await wasmDevice({ foldFrom: 0 });
    const shared = { foldFrom: 0, shareFrom: 0 };
    devices["2 threads"] = await wasmDevice({ ...shared, threads: 2, cores: 3 });
    devices["3 threads"] = await wasmDevice({ ...shared, threads: 3, cores: 3 });
  });
  afterAll(() => {
    for (const device of Object.values(devices)) device.dispose();
  });

  for (const [name, shapes, f] of products) {
    test(`${name}: the same bits as apart, for any number of threads`, async () => {
      for (const [what, chain] of Object.entries(chains)) {
        const found: string[] = [];
        const kernels: number[] = [];
        for (const device of Object.values(devices)) {
          setDevice(device);
          const step = compile((a: Tensor, b: Tensor, row: Tensor, like: Tensor) =>
            chain(f(a, b), row, like),
          );
          const bits = scope(async () => {
            const [a, b] = shapes.map((shape, i) => normal(key(i), [...shape]));
            const { shape } = f(a, b);
            const y = step(a, b, normal(key(2), shape.slice(-1)), normal(key(3), shape));
            const all = await Promise.all([y].flat().map((t) => (t as Tensor).data()));
            return all.map(({ buffer }) => new Int32Array(buffer).join()).join();
          });
          found.push(await bits);
          kernels.push(step.stats().kernels);
          step.dispose();
        }
        for (const bits of found) expect(bits === found[0], `${what}: ${kernels}`).toBe(true);
        expect(kernels[1], what).toBeLessThan(kernels[0]);
      }
    });
  }
});
