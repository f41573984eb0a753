// Tile choices of a device, as JSON: measured once by `tune`, given back to `init`. They change how
// fast products are, never what they mean.

import { ValueError } from "../core/errors";
import type { DeviceName } from "./device";

/** Kernels among which products on WebGPU choose by size. */
export const PRODUCT_TILES = ["wide", "tile32", "tile64", "tile128"] as const;
export type ProductTile = (typeof PRODUCT_TILES)[number];

/** From how many tiles of 32 × 32 results a kernel is taken. */
export interface ProductRule {
  readonly from: number;
  readonly tile: ProductTile;
}

interface WasmTiles {
  readonly device: "wasm";
  /** The binary that was measured. */
  readonly on: "plain" | "relaxed";
  /** Rows of the register tile: 4, 5 or 6; 0: four rows by one load and shuffles. */
  readonly rows: number;
}

interface WebGPUTiles {
  readonly device: "webgpu";
  /** The adapter that was measured. */
  readonly on: string;
  /** By `from`, rising; the last that fits is taken. Empty: the device's own choice. */
  readonly products: readonly ProductRule[];
}

/** What `tune()` found out about one device. */
export type Tiles = WasmTiles | WebGPUTiles;

/** Rows that each binary has a tile of, the tallest first. */
export const WASM_ROWS = { plain: [5, 4, 0], relaxed: [6, 5, 4, 0] } as const;

function isRule(rule: Partial<ProductRule> | null): boolean {
  const { from, tile } = rule ?? {};
  return Number.isInteger(from) && from! >= 0 && PRODUCT_TILES.includes(tile as ProductTile);
}

/** Throws a ValueError unless they are what `tune()` gave, perhaps by way of JSON. */
export function checkTiles(tiles: Tiles): void {
  const fits =
    tiles?.device === "wasm"
      ? (WASM_ROWS[tiles.on] as readonly number[] | undefined)?.includes(tiles.rows)
      : tiles?.device === "webgpu" &&
        typeof tiles.on === "string" &&
        Array.isArray(tiles.products) &&
        tiles.products.every(
          (rule, i, all) => isRule(rule) && rule.from >= (all[i - 1]?.from ?? 0),
        );
  if (fits) return;
  throw new ValueError(
    `init: no tiles: ${JSON.stringify(tiles)}. Give what tune() returned on this device.`,
  );
}

/** Why tiles that were given are not for the device that was made; "" when they are. */
export function tilesElsewhere(tiles: Tiles, name: DeviceName, on: string | undefined): string {
  if (tiles.device === name && tiles.on === on) return "";
  return `the tiles given are of ${tiles.device} (${tiles.on}) and were left out`;
}
