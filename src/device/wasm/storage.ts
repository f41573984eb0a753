// A block of the wasm device's memory: an address and what lies there.

import type { DType } from "../../core/dtype";
import type { Storage } from "../device";

export class WasmStorage implements Storage {
  refs = 0;
  constructor(
    /** The address in bytes; 0, which is never a block's, once it is released. */
    public address: number,
    readonly size: number,
    readonly dtype: DType,
    readonly counted: boolean,
    /** Stands for the device; another object once the device is disposed. */
    readonly owner: object,
  ) {}
}
