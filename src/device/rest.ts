// What devices have beyond the kernels that most ops call. A file that needs it says so as it
// loads; in a bundle without such a file it is not.

import binary from "../../build/rest.wasm";
import { addRest } from "./wasm/binaries";
import { WasmProgram } from "./wasm/program";

/** Called by every file whose code calls kernels beyond the base, or runs programs. */
export function needRest(): void {
  addRest({ binary, Program: WasmProgram });
}
