// Files of data: what is whole is read to the last byte, what is not names itself in the error.

import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gunzip } from "../src/data/gzip";
import { omniglot } from "../src/data/omniglot";
import { countOf, imageOf } from "../src/data/pool";
import { readBytes, readUnpacked } from "../src/data/source";

const plain = Uint8Array.from({ length: 50_000 }, (_, i) => ((i * i) >> 3) & 255);
const packed = new Uint8Array(gzipSync(plain));

describe("gunzip", () => {
  test("gives back what was packed", async () => {
    expect(await gunzip(packed, "a.gz")).toEqual(plain);
    expect(await gunzip(packed, "a.gz", 50_000)).toEqual(plain);
    expect(await gunzip(new Uint8Array(gzipSync(new Uint8Array(0))), "a.gz", 0)).toHaveLength(0);
  });

  test.each([11, packed.length >> 1, packed.length - 1])(
    "names a file cut short after %d bytes",
    async (length) => {
      const error = await gunzip(packed.subarray(0, length), "a.gz", 50_000).catch((e) => e);
      expect(error.name).toBe("ValueError");
      expect(error.message).toMatch(
        new RegExp(
          "^gunzip: a\\.gz is cut short or damaged: expected 50,000 bytes unpacked, " +
            `found [\\d,]+ bytes in the ${length.toLocaleString("en-US")} bytes of the file \\(`,
        ),
      );
    },
  );

  test("names a file with a damaged byte", async () => {
    const bad = packed.slice();
    bad[bad.length >> 1] ^= 0x55;
    await expect(gunzip(bad, "a.gz")).rejects.toThrow("gunzip: a.gz is cut short or damaged: ");
  });

  test("names a file that is not gzip, and an empty one", async () => {
    await expect(gunzip(new Uint8Array([80, 75, 3, 4]), "a.gz")).rejects.toThrow(
      "gunzip: a.gz is not gzip: expected the first bytes 1f 8b, found 50 4b (4 bytes in all). " +
        "Download the file again.",
    );
    await expect(gunzip(new Uint8Array(0), "a.gz")).rejects.toThrow(
      "found nothing (0 bytes in all)",
    );
  });

  test("names a file whose contents are shorter or longer than they should be", async () => {
    await expect(gunzip(packed, "a.gz", 50_001)).rejects.toThrow(
      "gunzip: a.gz has the wrong length: expected 50,001 bytes unpacked, found 50,000 bytes. ",
    );
    await expect(gunzip(packed, "a.gz", 10)).rejects.toThrow(
      "gunzip: a.gz has the wrong length: expected 10 bytes unpacked, found more than 10 bytes. ",
    );
  });
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypergrad-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("readBytes", () => {
  test("reads memory, Blobs, paths and URLs alike", async () => {
    const path = join(folder, "plain.bin");
    await writeFile(path, plain);
    const url = pathToFileURL(path);
    const data = `data:application/octet-stream;base64,${Buffer.from(plain).toString("base64")}`;
    const blob = new Blob([plain]);
    for (const source of [plain, plain.buffer, blob, path, url, url.href, data, new URL(data)]) {
      expect(Buffer.compare(await readBytes(source), plain)).toBe(0);
    }
  });

  test("names a missing file", async () => {
    const path = join(folder, "none.bin");
    const text = `data: ${path} is missing: no such file. Check the path.`;
    await expect(readBytes(path)).rejects.toThrow(text);
    await expect(readBytes(pathToFileURL(path))).rejects.toThrow("none.bin is missing");
  });

  test("names a source that cannot be read", async () => {
    await expect(readBytes(folder)).rejects.toThrow(`data: ${folder} cannot be read: `);
  });

  test("readUnpacked unpacks gzip and checks the length of what is not", async () => {
    expect(await readUnpacked(packed)).toEqual(plain);
    expect(await readUnpacked(plain, "plain.bin", 50_000)).toBe(plain);
    await expect(readUnpacked(plain, "plain.bin", 50_001)).rejects.toThrow(
      "data: plain.bin has the wrong length: expected 50,001 bytes, found 50,000 bytes. ",
    );
    await expect(readUnpacked(plain, "plain.bin.gz")).rejects.toThrow("plain.bin.gz is not gzip");
  });
});

/** Two characters of three drawings, 4 x 4. */
function tiny() {
  const file = "omniglot_background_28.bin.gz";
  const images = Uint8Array.from({ length: 6 * 16 }, (_, i) => i);
  const json = {
    images_per_class: 3,
    files: { [file]: { dtype: "uint8", shape: [6, 4, 4] } },
    background_classes: [
      ["Greek", "character01", 394],
      ["Greek", "character02", 395],
    ],
  };
  const pack = (index: unknown, bytes: Uint8Array = new Uint8Array(gzipSync(images))) => ({
    "omniglot.json": new TextEncoder().encode(JSON.stringify(index)),
    [file]: bytes,
  });
  return { file, images, json, pack };
}

describe("omniglot", () => {
  test("reads classes, names and sizes from its index", async () => {
    const { images, json, pack } = tiny();
    const pool = await omniglot(pack(json), "background");
    expect(pool).toMatchObject({ classes: 2, height: 4, width: 4, channels: 1, perClass: 3 });
    expect(pool.names).toEqual(["Greek/character01", "Greek/character02"]);
    expect(pool.images).toEqual(images);
    expect(imageOf(pool, 1, 2)).toEqual(images.subarray(80, 96));
  });

  test("names the file, the bytes expected and found when data is cut short", async () => {
    const { file, images, json, pack } = tiny();
    const short = pack(json, new Uint8Array(gzipSync(images.subarray(1))));
    await expect(omniglot(short, "background")).rejects.toThrow(
      `gunzip: ${file} has the wrong length: expected 96 bytes unpacked, found 95 bytes. `,
    );
    const cut = pack(json, new Uint8Array(gzipSync(images)).subarray(0, 40));
    await expect(omniglot(cut, "background")).rejects.toThrow(
      `gunzip: ${file} is cut short or damaged: expected 96 bytes unpacked, found `,
    );
  });

  test("names the file that is missing", async () => {
    const { file, json, pack } = tiny();
    await expect(omniglot(folder, "background")).rejects.toThrow(
      `data: ${folder}/omniglot.json is missing: no such file. Check the path.`,
    );
    const { "omniglot.json": index } = pack(json);
    await expect(omniglot({ "omniglot.json": index }, "background")).rejects.toThrow(
      `data: ${file} is missing: the table of files has omniglot.json. Add it.`,
    );
  });

  test.each([
    ["no list of classes", { background_classes: undefined }, 'it has no "background_classes"'],
    ["another count", { images_per_class: 4 }, "2 classes of 4 are not the 6 images of "],
    ["no count", { images_per_class: "3" }, '"images_per_class" is "3"'],
    ["no shape", { files: {} }, "the shape undefined"],
    ["an odd class", { background_classes: [7] }, "a class is not [alphabet, character, id] but 7"],
  ])("names an index with %s", async (_, change, text) => {
    const { json, pack } = tiny();
    const error = await omniglot(pack({ ...json, ...change }), "background").catch((e) => e);
    expect(error.message).toContain(`omniglot: omniglot.json is not its index: `);
    expect(error.message).toContain(text);
  });

  test("names an index that is no JSON, and a part that is not there", async () => {
    const { json, pack } = tiny();
    const cut = { ...pack(json), "omniglot.json": new TextEncoder().encode('{"images_per') };
    await expect(omniglot(cut, "background")).rejects.toThrow("its 12 characters are no JSON");
    await expect(omniglot(pack(json), "train" as "background")).rejects.toThrow(
      'omniglot: no such part: "train". Use "background" or "evaluation".',
    );
  });

  const data = join(process.env.HYPERGRAD_DATA ?? "../shared/data", "omniglot");
  const there = existsSync(data);
  test.skipIf(!there)("real Omniglot: 964 and 659 characters of 20 drawings", async () => {
    const background = await omniglot(data, "background");
    const evaluation = await omniglot(data, "evaluation");
    expect([background.classes, evaluation.classes]).toEqual([964, 659]);
    for (const pool of [background, evaluation]) {
      expect(countOf(pool, pool.classes - 1)).toBe(20);
      expect(Math.max(...pool.images.subarray(0, 100_000))).toBe(255);
      const ink = pool.images.reduce((sum, v) => sum + v, 0) / pool.images.length / 255;
      expect(ink).toBeGreaterThan(0.06);
      expect(ink).toBeLessThan(0.12);
    }
    const alphabet = (name: string) => name.split("/")[0];
    const known = new Set(background.names.map(alphabet));
    expect(known.size).toBe(30);
    expect(evaluation.names.filter((name) => known.has(alphabet(name)))).toEqual([]);
  });
});
