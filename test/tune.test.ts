// tune(): what it measures is JSON that init() takes back, on the device it was measured on alone,
// and with equal results.

import { describe, expect, test } from "vitest";
import { device } from "../src/device/current";
import { init } from "../src/device/init";
import { checkTiles, type ProductTile, type Tiles, WASM_ROWS } from "../src/device/tiles";
import { tune } from "../src/device/tune";
import { choose, type Size } from "../src/device/webgpu/gemm";
import { rulesBy, SIDES } from "../src/device/webgpu/tune";
import { key, matmul, normal } from "../src/ops/index";

describe("wasm", () => {
  test("what tune() gives goes through JSON and back into init()", async () => {
    await init({ device: "wasm", deterministic: true });
    const before = device().memory();
    const found = await tune();
    expect(device().memory()).toEqual(before);
    expect(found).toMatchObject({ device: "wasm", on: "plain" });
    const again = JSON.parse(JSON.stringify(found)) as Tiles;
    const { info } = await init({ device: "wasm", deterministic: true, tiles: again });
    expect(info.reason).toBe("wasm: plain SIMD, the same bits everywhere");
  });

  test("every tile gives the same bits", async () => {
    const results: number[][] = [];
    for (const rows of WASM_ROWS.plain) {
      const tiles: Tiles = { device: "wasm", on: "plain", rows };
      await init({ device: "wasm", deterministic: true, tiles });
      const y = matmul(normal(key(1), [37, 29]), normal(key(2), [29, 23]));
      results.push([...(await y.data())]);
    }
    for (const values of results) expect(values).toEqual(results[0]);
  });

  test("tiles of another device are left out, and the reason says so", async () => {
    const tiles: Tiles = { device: "webgpu", on: "a GPU", products: [] };
    const { info } = await init({ device: "wasm", deterministic: true, tiles });
    expect(info.reason).toContain("the tiles given are of webgpu (a GPU) and were left out");
  });
});

test("what is no tiles is refused before a device is made", async () => {
  const { name } = await init({ device: "wasm" });
  const bad = [
    { device: "wasm", on: "plain", rows: 6 },
    { device: "wasm", on: "fast", rows: 4 },
    { device: "webgpu", on: "a GPU", products: [{ from: 4, tile: "tile16" }] },
    {
      device: "webgpu",
      on: "a GPU",
      products: [
        { from: 4, tile: "tile64" },
        { from: 0, tile: "tile32" },
      ],
    },
    null,
  ];
  for (const tiles of bad) {
    await expect(init({ device: "reference", tiles: tiles as Tiles })).rejects.toThrow(
      "init: no tiles: ",
    );
  }
  expect(device().name).toBe(name);
  checkTiles({ device: "webgpu", on: "a GPU", products: [{ from: 0, tile: "wide" }] });
});

test("the reference device has none", async () => {
  await init({ device: "reference" });
  await expect(tune()).rejects.toThrow("tune: the reference device has no tiles.");
});

describe("webgpu", () => {
  /** Tiles with a start and a speed: wide ones start late and run fast. */
  const costs: Record<ProductTile, (side: number) => number> = {
    wide: (side) => 1 + side ** 3 / 1e7,
    tile32: (side) => 2 + side ** 3 / 2e7,
    tile64: (side) => 12 + side ** 3 / 8e7,
    tile128: (side) => 1000 + side ** 3 / 9e7,
  };

  test("rules name the fastest tile of each size, where it changes", async () => {
    const rules = await rulesBy(async (side, tile) => costs[tile](side), SIDES);
    expect(rules).toEqual([
      { from: 0, tile: "wide" },
      { from: 256, tile: "tile32" },
      { from: 1024, tile: "tile64" },
    ]);
  });

  test("an adapter that is slow is not asked for larger products", async () => {
    const asked: number[] = [];
    const clock = async (side: number) => {
      asked.push(side);
      return side;
    };
    expect(await rulesBy(clock, SIDES)).toEqual([{ from: 0, tile: "wide" }]);
    expect(new Set(asked)).toEqual(new Set([128, 256]));
  });

  const square = (side: number, more: Partial<Size> = {}): Size => ({
    ...{ z: 1, m: side, k: side, n: side, total: side * side, groups: 1 },
    ...{ plain: true, byTaps: {}, software: false },
    ...more,
  });

  test("rules choose by size; shapes they do not speak for stay as they are", () => {
    const rules = [
      { from: 0, tile: "tile32" },
      { from: 100, tile: "tile64" },
      { from: 1000, tile: "tile128" },
    ] as const;
    const of = (size: Size) => choose(size, false, null, rules).variant;
    expect(of(square(256))).toBe("tile32");
    expect(of(square(512))).toBe("tile64");
    expect(of(square(2048))).toBe("tile128");
    expect(of(square(2048, { k: 32 }))).toBe("tile64"); // slices of k are longer than that
    expect(of(square(8192, { m: 48, total: 48 * 8192 }))).toBe("tile64");
    expect(of(square(8192, { m: 20, total: 20 * 8192 }))).toBe("tile32");
    expect(of(square(4096, { m: 4, total: 4 * 4096 }))).toBe("skinny");
    expect(of(square(8, { k: 256, total: 64 }))).toBe("dot");
    const own = (size: Size) => choose(size, false, null).variant;
    expect(choose(square(512), false, null, []).variant).toBe(own(square(512)));
  });
});
