// Memory of the wasm device: what memory() counts, that blocks never overlap, that freed memory is
// used again whatever the sizes, and what a full or disposed device says.

import { describe, expect, test } from "vitest";
import { Stream } from "../src/core/random";
import type { Storage } from "../src/device/device";
import { Allocator, formatBytes } from "../src/device/wasm/allocator";
import { wasmDevice } from "../src/device/wasm/device";

const PAGE = 65536;

function arena(maximum = 65535) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum });
  const allocator = new Allocator(memory, 1000);
  return { memory, allocator, bytes: () => memory.buffer.byteLength };
}

/** Sizes of all kinds, evenly spread over their magnitudes. */
function sizes(stream: Stream, most: number): number {
  return Math.floor(2 ** (stream.uniform() * Math.log2(most)));
}

describe("the allocator", () => {
  test("gives aligned blocks inside memory that never overlap", () => {
    const { allocator, bytes } = arena();
    const stream = new Stream(5);
    const alive = new Map<number, number>();
    for (let step = 0; step < 30_000; step++) {
      const count = alive.size;
      if (count > 0 && stream.uniform() < (count > 300 ? 0.6 : 0.45)) {
        const at = [...alive.keys()][stream.integer(count)];
        allocator.free(at, alive.get(at)!);
        alive.delete(at);
      } else {
        const size = step % 50 === 0 ? 0 : sizes(stream, 400_000);
        const at = allocator.allocate(size);
        expect(at % 16 === 0 && at >= 1000 && at + size <= bytes()).toBe(true);
        expect(alive.has(at)).toBe(false);
        alive.set(at, size);
      }
      if (step % 500 === 0) {
        const blocks = [...alive].sort((a, b) => a[0] - b[0]);
        for (let i = 1; i < blocks.length; i++) {
          expect(blocks[i - 1][0] + Math.max(blocks[i - 1][1], 1)).toBeLessThanOrEqual(
            blocks[i][0],
          );
        }
      }
    }
  });

  test("all that was freed can be had again as one block", () => {
    const { allocator, bytes } = arena();
    const stream = new Stream(6);
    for (let round = 0; round < 3; round++) {
      const blocks = Array.from({ length: 5000 }, () => sizes(stream, 100_000)).map(
        (size) => [allocator.allocate(size), size] as const,
      );
      for (const [at, size] of blocks) allocator.free(at, size);
    }
    const before = bytes();
    const most = before - 2 * 2 ** 20;
    allocator.free(allocator.allocate(most), most);
    expect(bytes()).toBe(before);
  });

  test("sizes that alternate or drift do not make memory grow without end", () => {
    const { allocator, bytes } = arena();
    const use = (list: number[]) => {
      const blocks = list.map((size) => [allocator.allocate(size), size] as const);
      for (const [at, size] of blocks) allocator.free(at, size);
    };
    const work = (round: number) => {
      use(new Array(1000).fill(16 * (1 + (round % 60)))); // many small ones of one size
      use([1_000_000 + 5000 * round, 300_000, 70_000]); // larger each time
      use([3_000_000, ...new Array(20).fill(90_000 + 1000 * (round % 7))]);
    };
    for (let round = 0; round < 20; round++) work(round);
    const settled = bytes();
    for (let round = 20; round < 400; round++) work(round);
    expect(bytes()).toBeLessThan(settled + 8 * 2 ** 20); // the peak itself grew by 2 MB
  });

  test("keeps off pages that a kernel took for scratch", () => {
    const { allocator, memory, bytes } = arena();
    allocator.allocate(500_000);
    const scratch = memory.grow(2) * PAGE;
    const taken = [scratch, bytes()];
    for (let i = 0; i < 50; i++) {
      const at = allocator.allocate(300_000);
      expect(at + 300_000 <= taken[0] || at >= taken[1]).toBe(true);
    }
  });

  test("a full memory refuses with the numbers, and goes on with what fits", () => {
    const { allocator, bytes } = arena(100);
    const blocks: number[] = [];
    for (let i = 0; i < 6; i++) blocks.push(allocator.allocate(2 ** 20));
    const full = bytes();
    expect(() => allocator.allocate(2 ** 20)).toThrow(
      "allocate: 1.0 MiB does not fit: 6.0 MiB are in use and WebAssembly can address 4 GiB. " +
        "Free tensors or use smaller ones.",
    );
    expect(bytes()).toBe(full);
    for (const at of blocks) allocator.free(at, 2 ** 20);
    const small = Array.from({ length: 50_000 }, () => allocator.allocate(100));
    expect(() => allocator.allocate(2 ** 20)).toThrow("does not fit: 4.8 MiB are in use");
    for (const at of small) allocator.free(at, 100);
    expect(allocator.allocate(5 * 2 ** 20)).toBeGreaterThan(0); // made of the small ones
  });

  test("sizes are written in their unit", () => {
    const texts = [0, 1000, 1024, 1536 * 1024, 120 * 2 ** 20, 5 * 2 ** 30, 2 ** 33].map(
      formatBytes,
    );
    expect(texts).toEqual([
      ...["0 bytes", "1000 bytes", "1.0 KiB", "1.5 MiB", "120 MiB", "5.0 GiB", "8.0 GiB"],
    ]);
  });
});

describe("the wasm device's memory", () => {
  test("counts what is alive and the peak, not the library's constants", async () => {
    const device = await wasmDevice();
    const a = device.allocate(10, "float32");
    const b = device.allocate(5, "bool");
    const constant = device.allocate(100, "float32", false);
    expect(device.memory()).toEqual({ tensors: 2, bytes: 60, peakBytes: 60 });
    device.release(a);
    expect(device.memory()).toEqual({ tensors: 1, bytes: 20, peakBytes: 60 });
    device.resetPeak();
    expect(device.memory()).toEqual({ tensors: 1, bytes: 20, peakBytes: 20 });
    device.release(b);
    device.release(constant);
    expect(device.memory()).toEqual({ tensors: 0, bytes: 0, peakBytes: 20 });
  });

  test("an empty block is a block, and absurd sizes change nothing", async () => {
    const device = await wasmDevice();
    const empty = device.allocate(0, "float32");
    device.write(empty, []);
    expect(await device.read(empty)).toEqual(new Float32Array(0));
    device.release(empty);
    expect(() => device.allocate(2 ** 31 + 1, "float32")).toThrow("allocate: too many elements");
    expect(device.memory()).toEqual({ tensors: 0, bytes: 0, peakBytes: 0 });
  });

  test.each(["float32", "int32", "bool"] as const)("keeps %s through growth", async (dtype) => {
    const device = await wasmDevice();
    const all: [Storage, number][] = [];
    for (let i = 0; i < 60; i++) {
      const storage = device.allocate(1 + 37 * i * i, dtype);
      device.write(storage, new Array(storage.size).fill(i % 2));
      all.push([storage, i % 2]);
    }
    for (const [storage, value] of all) {
      const data = await device.read(storage);
      expect(data.length).toBe(storage.size);
      expect(data.every((v) => v === value)).toBe(true);
      expect(data instanceof Float32Array).toBe(dtype === "float32");
    }
  });

  test("reads copies", async () => {
    const device = await wasmDevice();
    const a = device.allocate(2, "float32");
    device.write(a, [0.5, 2]);
    (await device.read(a))[0] = 3;
    expect(await device.read(a)).toEqual(new Float32Array([0.5, 2]));
  });

  test("refuses memory of others, released memory and data of another length", async () => {
    const [device, other] = [await wasmDevice(), await wasmDevice()];
    const a = device.allocate(2, "float32");
    const out = other.allocate(2, "float32");
    const notMine = "the memory is of another device. Copy the data to this one.";
    await expect(other.read(a)).rejects.toThrow(`read: ${notMine}`);
    expect(() => other.run("map1", [a], [out], [1, 2, 1, 2])).toThrow(`map1: ${notMine}`);
    expect(() => other.release(a)).toThrow(`release: ${notMine}`);
    expect(() => device.write(a, [1, 2, 3])).toThrow(
      "write: lengths differ: the block has 2 elements, the data 3. Give one number an element.",
    );
    device.release(a);
    const gone = "the memory was released. Use it before it is freed.";
    expect(() => device.release(a)).toThrow(`release: ${gone}`);
    await expect(device.read(a)).rejects.toThrow(`read: ${gone}`);
    expect(device.memory().tensors).toBe(0);
  });

  test("disposed, it is lost, refuses work and lets releases pass", async () => {
    const device = await wasmDevice();
    const a = device.allocate(4, "float32");
    device.dispose();
    device.dispose();
    expect(await device.lost).toBe("wasm: the device was disposed");
    const text = "the wasm device was disposed. Call init() again.";
    expect(() => device.allocate(1, "float32")).toThrow(`allocate: ${text}`);
    expect(() => device.write(a, [1, 2, 3, 4])).toThrow(`write: ${text}`);
    expect(() => device.run("fill", [], [a], [4, 1])).toThrow(`fill: ${text}`);
    await expect(device.read(a)).rejects.toThrow(`read: ${text}`);
    device.release(a);
    expect(device.memory()).toMatchObject({ tensors: 0, bytes: 0 });
  });
});
