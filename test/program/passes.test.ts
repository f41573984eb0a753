// Each pass alone, on small graphs: what it removes, and what it must leave.

import { beforeAll, expect, test } from "vitest";
import { setDevice } from "../../src/device/current";
import { referenceDevice } from "../../src/device/reference/device";
import { vmap } from "../../src/grad/index";
import * as ops from "../../src/ops/index";
import { parted } from "../../src/program/access";
import { capture } from "../../src/program/capture";
import { mergeEqual, removeDead } from "../../src/program/clean";
import { compile } from "../../src/program/compile";
import { emit } from "../../src/program/emit";
import { fuse } from "../../src/program/fuse";
import type { Graph } from "../../src/program/graph";
import { plan } from "../../src/program/plan";
import { simplify } from "../../src/program/simplify";
import { sumChains } from "../../src/program/sumChains";
import { constant, tensor } from "../../src/tensor/create";
import { arange } from "../../src/tensor/fill";
import { inRegion } from "../../src/tensor/origin";
import type { Tensor } from "../../src/tensor/tensor";
import type { Tree } from "../../src/tensor/tree";

const device = referenceDevice();
beforeAll(() => setDevice(device));

function graphOf(f: (x: Tensor, y: Tensor) => Tree, shape = [4, 3]): Graph {
  const spec = { shape, dtype: "float32" as const };
  const form = [0, 0] as unknown as Tree[];
  return capture(device, f as unknown as (...args: Tree[]) => Tree, form, [spec, spec]).graph;
}

const names = (graph: Graph) => graph.nodes.map((node) => node.op.name);

test("removeDead leaves what an output needs and nothing else", () => {
  const graph = graphOf((x, y) => {
    ops.exp(x);
    return ops.tanh(ops.mul(x, y));
  });
  expect(names(graph)).toEqual(["exp", "mul", "tanh"]);
  expect(names(removeDead(graph))).toEqual(["mul", "tanh"]);
});

test("mergeEqual computes a thing once, but once in each region", () => {
  const twice = graphOf((x, y) => ops.add(ops.mul(x, y), ops.mul(x, y)));
  expect(names(removeDead(mergeEqual(twice)))).toEqual(["mul", "add"]);
  const apart = graphOf((x, y) =>
    ops.add(
      ops.mul(x, y),
      inRegion(() => ops.mul(x, y)),
    ),
  );
  expect(names(removeDead(mergeEqual(apart)))).toEqual(["mul", "mul", "add"]);
  const other = graphOf((x, y) => ops.add(ops.mul(x, y), ops.mul(y, y)));
  expect(names(removeDead(mergeEqual(other)))).toEqual(["mul", "mul", "add"]);
});

test("mergeEqual keeps nodes apart whose attributes differ only in sign or infinity", () => {
  const graph = graphOf((x) => [
    ops.pad(
      x,
      [
        [1, 0],
        [0, 0],
      ],
      Number.POSITIVE_INFINITY,
    ),
    ops.pad(
      x,
      [
        [1, 0],
        [0, 0],
      ],
      Number.NEGATIVE_INFINITY,
    ),
  ]);
  expect(names(removeDead(mergeEqual(graph)))).toEqual(["pad", "pad"]);
});

test("simplify drops identities and keeps what only looks like one", () => {
  const graph = graphOf((x) => ops.add(ops.mul(ops.sub(ops.div(x, 1), 0), 1), 0));
  expect(names(removeDead(simplify(graph, device)))).toEqual([]);
  const kept = graphOf((x) => ops.sub(0, ops.mul(x, 0)));
  expect(names(removeDead(simplify(kept, device))).filter((n) => n !== "expand")).toEqual([
    "mul",
    "sub",
  ]);
});

test("simplify folds transposes of the last two axes into products", () => {
  const graph = graphOf((x, y) => ops.matmul(ops.transpose(x), y));
  const best = removeDead(simplify(graph, device));
  expect(names(best)).toEqual(["matmul"]);
  expect(best.nodes[0].attrs).toEqual({ ta: true, tb: false });
});

test("simplify works out scalars of known numbers", () => {
  const graph = graphOf((x) => {
    const two = ops.mul(constant(device, 4, "float32"), 0.5);
    return ops.mul(x, two);
  });
  const best = removeDead(simplify(simplify(graph, device), device));
  expect(names(best)).toEqual(["expand", "mul"]);
});

test("fuse joins a chain into one kernel and writes only what is read outside", () => {
  const graph = graphOf((x, y) => ops.exp(ops.tanh(ops.add(ops.mul(x, y), 1))));
  const fused = removeDead(fuse(graph, device));
  expect(names(fused)).toEqual(["chain"]);
  expect(fused.nodes[0].outputs).toHaveLength(1);
  const both = graphOf((x, y) => {
    const z = ops.mul(x, y);
    return [ops.tanh(z), ops.matmul(z, ops.transpose(z))];
  });
  const split = removeDead(fuse(both, device));
  expect(names(split)).toContain("chain");
  expect(split.nodes.find((node) => node.op.name === "chain")?.outputs).toHaveLength(2);
});

test("fuse never makes a node wait for itself", () => {
  // z and its use in `late` could join, but `late` needs the product, which needs z.
  const graph = graphOf((x, y) => {
    const z = ops.mul(x, y);
    const product = ops.matmul(z, ops.transpose(z));
    const late = ops.add(z, ops.sum(product));
    return late;
  });
  const fused = removeDead(fuse(graph, device));
  expect(names(fused).filter((n) => n === "chain")).toEqual([]);
});

test("plan lets lifetimes share memory and never overlaps two that meet", () => {
  const graph = removeDead(
    graphOf(
      (x, y) => {
        let z = ops.matmul(x, y, { transposeB: true });
        for (let i = 0; i < 12; i++) z = ops.matmul(z, z);
        return ops.sum(z);
      },
      [16, 16],
    ),
  );
  const { blocks } = emit(graph);
  const { offsets, size, largestLiveSet } = plan(blocks);
  expect(size).toBeLessThanOrEqual(1.25 * largestLiveSet);
  expect(size).toBeLessThan(4 * 256);
  for (const a of blocks) {
    for (const b of blocks) {
      if (a === b || a.last < b.first || b.last < a.first) continue;
      const [p, q] = [offsets.get(a)!, offsets.get(b)!];
      expect(p + a.size <= q || q + b.size <= p).toBe(true);
    }
  }
});

test("what belongs to each example of a batch is read in place", async () => {
  const affine = vmap((x: Tensor, scale: Tensor, shift: Tensor) =>
    ops.add(ops.mul(x, scale), shift),
  );
  const sizes = [3, 4, 2, 5];
  const numbers = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i));
  const x = tensor(numbers(120), sizes);
  const scale = tensor(numbers(15), [3, 5]);
  const shift = tensor(numbers(12), [3, 4, 1, 1]);
  const step = compile(affine, { profile: true });
  const [want, got] = [affine(x, scale, shift), step(x, scale, shift)];
  expect(await got.data()).toEqual(await want.data());
  expect(step.stats().profile.map(({ kernel }) => kernel)).toEqual(["chain"]);
  step.dispose();
});

test("parted finds expansions within parts, and no others", () => {
  expect(parted([3, 1, 5], [3, 4, 5])).toEqual({ inner: 1, mid: 5, span: 20 });
  expect(parted([3, 1, 5, 1], [3, 4, 5, 2])).toEqual({ inner: 2, mid: 5, span: 40 });
  expect(parted([3, 1, 1, 1, 5], [3, 4, 2, 2, 5])).toEqual({ inner: 1, mid: 5, span: 80 });
  expect(parted([2, 3, 1, 5], [2, 3, 4, 5])).toEqual({ inner: 1, mid: 5, span: 20 });
  // A plain repeat, one part alone, and parts within parts.
  expect(parted([5], [3, 4, 5])).toBe(null);
  expect(parted([3, 1], [3, 4])).toBe(null);
  expect(parted([1, 1, 5], [1, 4, 5])).toBe(null);
  expect(parted([2, 1, 3, 1, 5], [2, 4, 3, 4, 5])).toBe(null);
});

test("what is expanded within parts and then turned is read as turned", async () => {
  const turned = (x: Tensor, y: Tensor) => {
    const copies = ops.expand(ops.reshape(x, [3, 1, 5]), [3, 4, 5]);
    return ops.mul(ops.transpose(copies, [1, 0, 2]), ops.tanh(y));
  };
  const x = ops.sin(arange(15));
  const y = ops.reshape(ops.cos(arange(60)), [4, 3, 5]);
  expect(await compile(turned)(x, y).array()).toEqual(await turned(x, y).array());
});

test("sumChains sums what nothing else reads inside its chain", () => {
  const sums = graphOf((x, y) => {
    const p = ops.mul(x, y);
    const q = ops.tanh(p);
    return [
      ops.sum(ops.reshape(p, [2, 6]), { axis: 0 }),
      ops.sum(ops.reshape(q, [2, 6]), { axis: 0 }),
    ];
  });
  const chains = removeDead(fuse(sums, device));
  expect(names(chains)).toEqual(["chain", "reshape", "sum", "reshape", "sum"]);
  const joined = removeDead(sumChains(chains));
  expect(names(joined)).toEqual(["chain"]);
  expect(joined.nodes[0].outputs.map(({ shape }) => shape)).toEqual([[6], [6]]);
  expect(joined.nodes[0].op.describe?.(joined.nodes[0].attrs)).toBe("mul tanh 2 sums");
});

test("sumChains leaves terms that something else reads, and sums of another form", () => {
  const read = graphOf((x, y) => {
    const p = ops.mul(x, y);
    return [ops.sum(p, { axis: 0 }), ops.matmul(p, ops.transpose(p))];
  });
  expect(names(removeDead(sumChains(removeDead(fuse(read, device)))))).toContain("sum");
  const given = graphOf((x, y) => {
    const p = ops.mul(x, y);
    return [ops.sum(p, { axis: 0 }), p];
  });
  expect(names(removeDead(sumChains(removeDead(fuse(given, device)))))).toContain("sum");
  const forms = graphOf((x, y) => {
    const p = ops.mul(x, y);
    return [ops.sum(p, { axis: 0 }), ops.sum(ops.tanh(p), { axis: 1 })];
  });
  expect(names(removeDead(sumChains(removeDead(fuse(forms, device)))))).toContain("sum");
  const turned = graphOf((x, y) => ops.sum(ops.transpose(ops.tanh(ops.mul(x, y))), { axis: 1 }));
  expect(names(removeDead(sumChains(removeDead(fuse(turned, device)))))).toContain("sum");
});

test("a long sum is made of equal parts, and is what it is eagerly", async () => {
  const data = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i));
  const x = tensor(data(4096 * 12), [4096, 12]);
  const f = (t: Tensor) => ops.sum(ops.exp(ops.mul(t, 0.5)), { axis: 0 });
  const step = compile(f, { profile: true });
  const [want, got] = [await f(x).data(), await step(x).data()];
  for (const [i, v] of want.entries()) expect(Math.abs(got[i] - v)).toBeLessThan(1e-12 * v);
  const kernels = step.stats().profile.map(({ kernel, calls }) => [kernel, calls]);
  expect(kernels).toEqual(
    expect.arrayContaining([
      ["chain", 1],
      ["sum", 1],
    ]),
  );
  step.dispose();
});

test("a long row is summed in parts that threads can share", async () => {
  const x = tensor(Float32Array.from({ length: 2 ** 17 }, (_, i) => Math.sin(i) + 0.5));
  const step = compile((t: Tensor) => ops.sum(t), { profile: true });
  const [want, got] = [await ops.sum(x).item(), await step(x).item()];
  const exact = Array.from(await x.data()).reduce((a, b) => a + b, 0);
  expect(got).toBe(want);
  expect(Math.abs(want - exact)).toBeLessThan(1e-9 * exact);
  expect(step.stats().profile).toMatchObject([{ kernel: "sum", calls: 2 }]);
  step.dispose();
});
