// Labelled images: what is whole is read to the last byte, what is not names file and byte.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { stream } from "../src/core/random";
import { decodeIdx, idx } from "../src/data/idx";
import {
  cifarImages,
  type ImageSet,
  idxImages,
  imageBatch,
  normalizationOf,
} from "../src/data/images";

const file = (...bytes: number[]) => Uint8Array.from(bytes);
const images = file(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 250, 251, 252);
const labels = file(0, 0, 8, 1, 0, 0, 0, 2, 7, 9);

describe("idx", () => {
  test("reads sizes and bytes, packed or not", async () => {
    const plain = await idx(images);
    expect(plain.shape).toEqual([2, 1, 3]);
    expect(Array.from(plain.data)).toEqual([1, 2, 3, 250, 251, 252]);
    expect(await idx(new Uint8Array(gzipSync(images)))).toEqual(plain);
  });

  test("reads every element type, most significant byte first", () => {
    const one = (type: number, ...bytes: number[]) =>
      Array.from(decodeIdx(file(0, 0, type, 1, 0, 0, 0, 1, ...bytes)).data)[0];
    expect(one(9, 0xfe)).toBe(-2);
    expect(one(11, 0xff, 0xfd)).toBe(-3);
    expect(one(12, 0, 1, 0, 2)).toBe(65538);
    expect(one(13, 0xbf, 0x80, 0, 0)).toBe(-1);
    expect(one(14, 0x40, 0x04, 0, 0, 0, 0, 0, 0)).toBe(2.5);
    expect(decodeIdx(file(0, 0, 8, 0, 5)).shape).toEqual([]);
  });

  test.each([
    ["no magic number", file(1, 0, 8, 1), "its magic number is 01 00 08 01, not 00 00, a type"],
    ["nothing", file(), "its magic number is missing"],
    ["another type", file(0, 0, 10, 1), "its magic number 00 00 0a 01 names no element type"],
    ["a cut header", images.subarray(0, 15), "expected 16 bytes of header, found 15 bytes"],
    ["a cut end", images.subarray(0, 21), "2 x 1 x 3 of unsigned byte take 22 bytes, found 21"],
    ["a byte too many", file(...labels, 1), "2 of unsigned byte take 10 bytes, found 11 bytes"],
  ])("names a file with %s", (_, bytes, text) => {
    expect(() => decodeIdx(bytes, "a.idx")).toThrow(
      `idx: a.idx is no idx file or is damaged: ${text}`,
    );
  });

  test("names a file cut short in its gzip form", async () => {
    const packed = new Uint8Array(gzipSync(images));
    await expect(idx(packed.subarray(0, 20), "a.gz")).rejects.toThrow(
      "gunzip: a.gz is cut short or damaged: ",
    );
  });
});

describe("idxImages", () => {
  test("are images with their labels", async () => {
    const set = await idxImages(images, labels);
    expect(set).toMatchObject({ count: 2, height: 1, width: 3, channels: 1, classes: 10 });
    expect(Array.from(set.labels)).toEqual([7, 9]);
  });

  test("refuses files that do not belong together", async () => {
    const three = file(0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3);
    await expect(idxImages(images, three)).rejects.toThrow(
      "idxImages: images and labels differ: an array of bytes has 2 images, an array of bytes 3 ",
    );
    await expect(idxImages(labels, labels)).rejects.toThrow("holds no images: its sizes are [2].");
    await expect(idxImages(images, images)).rejects.toThrow("holds no labels: its sizes are [2,1");
    await expect(idxImages(images, labels, { classes: 9 })).rejects.toThrow(
      "has label 9 at image 1, there are 9 classes. Use 0 to 8.",
    );
  });
});

/** Two records: planes count up from 0, 1, 2 and from 10, 20, 30. */
function records(): Uint8Array {
  const bytes = new Uint8Array(2 * 3073);
  for (const [n, starts] of [
    [0, 1, 2],
    [10, 20, 30],
  ].entries()) {
    bytes[n * 3073] = 3 + n;
    for (const [c, start] of starts.entries()) {
      for (let p = 0; p < 1024; p++) bytes[n * 3073 + 1 + c * 1024 + p] = (start + p) & 255;
    }
  }
  return bytes;
}

describe("cifarImages", () => {
  test("brings planes together, pixel by pixel", async () => {
    const set = await cifarImages(new Uint8Array(gzipSync(records())));
    expect(set).toMatchObject({ count: 2, height: 32, width: 32, channels: 3, classes: 10 });
    expect(Array.from(set.labels)).toEqual([3, 4]);
    expect(Array.from(set.images.subarray(0, 6))).toEqual([0, 1, 2, 1, 2, 3]);
    expect(Array.from(set.images.subarray(3072, 3075))).toEqual([10, 20, 30]);
    expect(Array.from(set.images.subarray(-3))).toEqual([9, 19, 29]);
  });

  test("names a file that ends amid a record, and a label that is no class", async () => {
    const short = cifarImages(records().subarray(0, 6000), { name: "c.bin" });
    await expect(short).rejects.toThrow(
      "cifarImages: c.bin is cut short: 6,000 bytes are 1 records of 3073 bytes and 2927 bytes " +
        "more, from byte 3073 on.",
    );
    await expect(cifarImages(records(), { classes: 4, name: "c.bin" })).rejects.toThrow(
      "cifarImages: no such class: c.bin has label 4 at image 1 (byte 3073), there are 4 classes.",
    );
  });
});

describe("imageBatch", () => {
  const set: ImageSet = {
    images: Uint8Array.from({ length: 2 * 4 * 3 * 2 }, (_, i) => (i * 29) & 255),
    labels: file(1, 0),
    ...{ count: 2, height: 4, width: 3, channels: 2, classes: 2 },
  };

  test("has mean 0 and deviation 1 in each channel over the whole set", () => {
    const { x, y } = imageBatch(set, [1, 0], normalizationOf(set));
    expect(x.shape).toEqual([2, 4, 3, 2]);
    expect(Array.from(y.data)).toEqual([0, 1]);
    for (const c of [0, 1]) {
      const own = Array.from(x.data).filter((_, i) => i % 2 === c);
      const mean = own.reduce((a, b) => a + b, 0) / own.length;
      expect(mean).toBeCloseTo(0, 5);
      expect(own.reduce((a, b) => a + (b - mean) ** 2, 0) / own.length).toBeCloseTo(1, 4);
    }
  });

  test("mirrors about half of the images, and moves within bounds, by its stream alone", () => {
    const norm = { mean: [0, 0], deviation: [1 / 255, 1 / 255] }; // bytes as they are
    const of = (seed: number, augment: object) =>
      Array.from(imageBatch(set, [0], norm, stream(seed), augment).x.data, Math.round);
    const plain = Array.from(set.images.subarray(0, 24));
    const row = (r: number) => [0, 1, 2].map((c) => plain.slice(r * 6 + 2 * c, r * 6 + 2 * c + 2));
    const mirrored = [0, 1, 2, 3].flatMap((r) => row(r).reverse().flat());
    const seen = Array.from({ length: 200 }, (_, seed) => of(seed, { mirror: true }));
    const turned = seen.filter((x) => x.join() === mirrored.join()).length;
    expect(turned + seen.filter((x) => x.join() === plain.join()).length).toBe(200);
    expect(turned).toBeGreaterThan(70);
    expect(turned).toBeLessThan(130);
    const moved = new Set(Array.from({ length: 300 }, (_, seed) => of(seed, { shift: 1 }).join()));
    expect(moved.size).toBe(9);
    expect(of(5, { shift: 1, mirror: true })).toEqual(of(5, { shift: 1, mirror: true }));
  });
});

const data = process.env.HYPERGRAD_DATA ?? "../shared/data";
test.skipIf(!existsSync(data))("real MNIST, CIFAR-10 and flowers have their sizes", async () => {
  const at = (path: string) => join(data, path);
  const digits = await idxImages(
    at("mnist/t10k-images-idx3-ubyte.gz"),
    at("mnist/t10k-labels-idx1-ubyte.gz"),
  );
  expect(digits).toMatchObject({ count: 10_000, height: 28, width: 28 });
  expect(Array.from(digits.labels.subarray(0, 5))).toEqual([7, 2, 1, 0, 4]);
  const exact = await cifarImages(at("cifar10/cifar10_data_batch_1_first1000.bin.gz"));
  expect(Array.from(exact.labels.subarray(0, 10))).toEqual([6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
  const flowers = await cifarImages(at("flowers/flowers32_test.bin.gz"), { classes: 5 });
  expect(flowers.count).toBe(860);
});
