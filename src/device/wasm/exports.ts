// The exports of the kernels' modules, in the types that calls from the device need.

/** A kernel: addresses of inputs and outputs, then parameters or their address. Gives -1 or, where
 * indices are checked, the position of the first bad one. */
export type Kernel = (...operands: number[]) => number | undefined;

/** The kernels that the device calls directly; the kernel table tells their operands. */
type Direct = "map1" | "map2" | "map3" | "matmul" | "sum" | "move" | "fill";

/** What asm/index.ts exports: a function for each kernel name, and these. What threads and programs
 * need is in the rest of the kernels: see binaries.ts. */
export interface Exports extends Record<Direct, Kernel>, Record<string, unknown> {
  heapBase(): number;
  /** Runs a program: see asm/execute.ts. */
  execute(list: number, slots: number, count: number): number;
  badIndex(): number;
  /** What threads do together: see asm/threads.ts. */
  join(common: number, threads: number, maySleep: number): void;
  abandon(): void;
  stop(): void;
  /** Chooses the register tile of the matrix kernels: see asm/gemm.ts. */
  setTile(rows: number, byFours: number): void;
}
