// The exports of the kernels' modules, in the types that calls from the device need.

/** A kernel: addresses of inputs and outputs, then parameters or their address. Gives -1 or, where
 * indices are checked, the position of the first bad one. */
export type Kernel = (...operands: number[]) => number | undefined;

/** What asm/index.ts exports: a function for each kernel name, and these. What threads and programs
 * need is in the rest of the kernels: see binaries.ts. */
export interface Exports extends Record<string, unknown> {
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
  map1(x: number, out: number, f: number, n: number, xInner: number, xMid: number): void;
  map2(
    x: number,
    y: number,
    out: number,
    f: number,
    n: number,
    xInner: number,
    xMid: number,
    yInner: number,
    yMid: number,
  ): void;
  map3(
    x: number,
    y: number,
    z: number,
    out: number,
    f: number,
    n: number,
    xInner: number,
    xMid: number,
    yInner: number,
    yMid: number,
    zInner: number,
    zMid: number,
  ): void;
  matmul(
    a: number,
    b: number,
    out: number,
    batch: number,
    m: number,
    k: number,
    n: number,
    ta: number,
    tb: number,
    as: number,
    bs: number,
  ): void;
  sum(x: number, out: number, outer: number, n: number, inner: number): void;
  move(x: number, out: number, ...params: number[]): void;
  fill(out: number, n: number, value: number): void;
}
