// Batches, splits and files by seed: the same whatever was drawn before, without a common example
// where there must be none.

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type BatchOptions, batches, batchTensors, prefetch } from "../src/data/batches";
import { folds, splitExamples } from "../src/data/splits";
import { writeBytes } from "../src/data/write";
import { init } from "../src/device/init";

beforeAll(async () => {
  await init({ device: "reference" });
});

const collate: BatchOptions["collate"] = (ids) => ({
  x: { data: Float32Array.from(ids), shape: [ids.length] },
});
const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b);
const epochOf = (b: ReturnType<typeof batches>, epoch: number) =>
  Array.from({ length: b.perEpoch }, (_, i) => b.ids(epoch, i));

describe("batches", () => {
  test("without a seed are all examples in their order", () => {
    const b = batches({ count: 7, size: 3, collate });
    expect(epochOf(b, 0)).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(epochOf(b, 5)).toEqual(epochOf(b, 0));
  });

  test("with a seed are shuffled anew each epoch, each example at most once", () => {
    const b = batches({ count: 10, size: 3, seed: 4, collate });
    expect(b.perEpoch).toBe(3);
    const [first, second] = [epochOf(b, 0), epochOf(b, 1)];
    expect(first).not.toEqual(second);
    expect(new Set(first.flat()).size).toBe(9);
    const all = batches({ count: 10, size: 3, seed: 4, partial: true, collate });
    expect(sorted(epochOf(all, 2).flat())).toEqual(Array.from({ length: 10 }, (_, i) => i));
  });

  test("are functions of seed, epoch and index alone, their random numbers too", async () => {
    const made = () =>
      batches({
        ...{ count: 20, size: 4, seed: 9 },
        collate: (ids, random) => ({
          x: { data: Float32Array.from([...ids, random.uniform()]), shape: [5] },
        }),
      });
    const [a, b] = [made(), made()];
    for (const [epoch, index] of [
      [3, 2],
      [0, 0],
      [3, 1],
      [1, 4],
    ]) {
      const fresh = await b.at(epoch, index);
      expect((await a.at(epoch, index)).x.data).toEqual(fresh.x.data);
    }
    const ends = [0, 1].map(async (i) => (await a.at(0, i)).x.data[4]);
    expect(await ends[0]).not.toBe(await ends[1]);
  });

  test("grouped by length hold examples of about one length", () => {
    const lengths = Array.from({ length: 300 }, (_, i) => (i * 97) % 300);
    const b = batches({ count: 300, size: 10, seed: 1, lengths, collate });
    const spread = epochOf(b, 0).map((ids) => {
      const own = ids.map((i) => lengths[i]);
      return Math.max(...own) - Math.min(...own);
    });
    expect(Math.max(...spread)).toBe(9);
    expect(sorted(epochOf(b, 1).flat())).toEqual(Array.from({ length: 300 }, (_, i) => i));
    const starts = epochOf(b, 0).map((ids) => lengths[ids[0]]);
    expect(starts).not.toEqual(sorted(starts));
    const plain = batches({ count: 300, size: 10, lengths, collate });
    expect(epochOf(plain, 0).map((ids) => lengths[ids[0]])).toEqual(
      Array.from({ length: 30 }, (_, i) => 10 * i),
    );
  });

  test("refuse what makes no batch", () => {
    const of = (more: object) => () => batches({ count: 5, size: 2, collate, ...more });
    expect(of({ size: 0 })).toThrow("batches: size is no whole number from 1: 0. Use 1 or more.");
    expect(of({ size: 6, seed: 1 })).toThrow("batches: no whole batch: size is 6, there are 5 ");
    expect(of({ lengths: [1] })).toThrow("batches: lengths and examples differ: 1 lengths, 5 ");
    expect(() => batches({ count: 5, size: 2, collate }).ids(0, 3)).toThrow(
      "batches: no such batch: 3; an epoch has 3. Use 0 to 2.",
    );
  });

  test("become tensors: floats, whole numbers, truth values", () => {
    const shape = [2];
    const { f, i, u, b } = batchTensors({
      f: { data: Float32Array.of(1, 2), shape },
      i: { data: Int32Array.of(1, 2), shape },
      u: { data: Uint8Array.of(1, 2), shape },
      b: { data: Uint8Array.of(1, 0), shape, bool: true },
    });
    expect([f, i, u, b].map((t) => t.dtype)).toEqual(["float32", "int32", "int32", "bool"]);
  });

  test("keep the names of their arrays, as types too", async () => {
    const array = { data: Float32Array.of(1), shape: [1] };
    const named = batches({ count: 1, size: 1, collate: () => ({ x: array, y: array }) });
    const made = batchTensors(await named.at(0, 0));
    expect(made.y.shape).toEqual([1]);
    // @ts-expect-error: no such array
    expect(made.labels).toBe(undefined);
  });

  test("are refused when they are none, by name", () => {
    const bad = { x: { data: Float32Array.of(1), shape: [1] }, y: [0] as never };
    expect(() => batchTensors(bad)).toThrow(
      'batch: "y" is no host array: 0. Let collate give { data, shape }, data a Float32Array or ' +
        "Int32Array.",
    );
  });
});

describe("prefetch", () => {
  test("makes batches ahead, in order, and no more than asked", async () => {
    const begun: number[] = [];
    const b = batches({
      ...{ count: 12, size: 2 },
      collate: async (ids) => {
        begun.push(ids[0] / 2);
        await new Promise((resolve) => setTimeout(resolve, ids[0] === 4 ? 20 : 1));
        return collate(ids, undefined as never);
      },
    });
    const got: number[] = [];
    for await (const { x } of prefetch(b, { epoch: 0, from: 1, ahead: 2 })) {
      got.push(x.data[0] / 2);
      expect(begun.length).toBeLessThanOrEqual(got.length + 2);
    }
    expect(got).toEqual([1, 2, 3, 4, 5]);
    expect(begun).toEqual([1, 2, 3, 4, 5]);
  });

  test("throws where the broken batch is asked for, not before", async () => {
    const b = batches({
      ...{ count: 6, size: 2 },
      collate: (ids) => {
        if (ids[0] === 2) throw new Error("batch 1");
        return collate(ids, undefined as never);
      },
    });
    const source = prefetch(b, { epoch: 0 });
    expect((await source.next()).done).toBe(false);
    await expect(source.next()).rejects.toThrow("batch 1");
  });
});

describe("splits", () => {
  test("have parts without a common example, the same by seed, as JSON", () => {
    const split = splitExamples({ count: 20, seed: 3, parts: { train: 12, test: 5 } });
    const all = [...split.parts.train, ...split.parts.test];
    expect(new Set(all).size).toBe(17);
    const again = splitExamples({ count: 20, seed: 3, parts: { train: 12, test: 5 } });
    expect(JSON.parse(JSON.stringify(split))).toEqual(again);
    const other = splitExamples({ count: 20, seed: 4, parts: { train: 12, test: 5 } });
    expect(other).not.toEqual(split);
    expect(() => splitExamples({ count: 4, seed: 0, parts: { a: 3, b: 2 } })).toThrow(
      "splitExamples: the parts do not fit: a 3, b 2, there are 4 examples. Use whole numbers ",
    );
  });

  test("by labels keep each label's share", () => {
    const labels = Array.from({ length: 100 }, (_, i) => Number(i < 20));
    const { parts } = splitExamples({ count: 100, seed: 1, parts: { a: 50, b: 50 }, labels });
    for (const ids of [parts.a, parts.b]) {
      expect(ids.filter((i) => labels[i] === 1)).toHaveLength(10);
    }
    for (const { parts } of folds({ count: 100, seed: 2, labels })) {
      expect(parts.test.filter((i) => labels[i] === 1)).toHaveLength(4);
    }
    expect(() => folds({ count: 100, seed: 2, labels: [1] })).toThrow(
      "folds: labels and examples differ: 1 labels, 100 examples. Give one label an example.",
    );
  });

  test("folds test each example once, and train on all others", () => {
    const made = folds({ count: 23, seed: 0, folds: 4 });
    expect(sorted(made.flatMap(({ parts }) => parts.test))).toEqual(
      Array.from({ length: 23 }, (_, i) => i),
    );
    for (const { parts } of made) {
      expect(sorted([...parts.train, ...parts.test])).toHaveLength(23);
      expect(new Set([...parts.train, ...parts.test]).size).toBe(23);
      expect([5, 6]).toContain(parts.test.length);
    }
    expect(() => folds({ count: 3, seed: 0 })).toThrow("folds: no such number of folds: 5, there ");
  });
});

describe("writeBytes", () => {
  test("makes folders, replaces a file whole, and leaves nothing beside it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hypergrad-"));
    const path = join(folder, "a", "b.bin");
    await writeBytes(path, Uint8Array.of(1, 2, 3));
    await writeBytes(path, Uint8Array.of(4));
    expect(Array.from(await readFile(path))).toEqual([4]);
    expect(await readdir(join(folder, "a"))).toEqual(["b.bin"]);
    await writeFile(join(folder, "c"), "x");
    await expect(writeBytes(join(folder, "c", "d"), Uint8Array.of(1))).rejects.toThrow(
      `data: ${join(folder, "c", "d")} cannot be written: `,
    );
    await rm(folder, { recursive: true });
  });
});
