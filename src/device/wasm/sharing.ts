// Which calls threads share: those that take much longer than handing them over, by what sizes
// alone tell, so that the choice never depends on what else the machine does.

import type { KernelName } from "../kernels";
import type { ProgramCall } from "../program";

/** Nanoseconds of work from which a call is shared; handing it over takes 200 to 500. */
export const SHARE_FROM = 4_000;
/** Threads that sleep are woken where so many times that work is ahead, to the program's end. */
const WAKE_FROM = 15;
/** Nanoseconds from which a single call is shared outside of programs. */
const SHARE_ALONE_FROM = 200_000;
/** Calls on operands with fewer elements take less. */
const SMALL = 16_384;

/** Bits of a call's opcode; see asm/execute.ts. */
const SHARE = 1 << 8;
const WAKE = 1 << 9;
export const FOLD = 1 << 10;

/** Nanoseconds for each element of the largest operand. Kernels that are not here run on one
 * thread. */
const ELEMENT: { readonly [K in KernelName]?: number } = {
  map1: 0.5,
  map2: 0.5,
  map3: 0.5,
  chain: 0.3, // and step
  fill: 0.1,
  fillInt: 0.1,
  sum: 0.15,
  prod: 0.3,
  max: 0.2,
  min: 0.3,
  argmax: 0.5,
  argmin: 0.5,
  logSumExp: 1.5,
  intSum: 0.2,
  intProd: 0.3,
  intMax: 0.2,
  intMin: 0.2,
  cumsum: 0.8,
  move: 0.5,
  gather: 0.3,
  scatterAdd: 0.5,
  gatherAlong: 1,
  scatterAlong: 1,
  argsort: 20,
  intArgsort: 20,
  maxPoolIndex: 1,
  poolGather: 1,
  poolScatter: 1,
  sumPool: 1,
  sumPoolInput: 1,
  softmax: 1.5,
  logSoftmax: 1.5,
  normalize: 0.6,
  normalizeInput: 0.6,
  randomBits: 1.5,
  splitKey: 1.5,
};

/** Multiply-adds in a nanosecond. */
const PRODUCTS = 20;

type Operands = readonly { readonly size: number }[];

/** About how many nanoseconds a call takes; 0 when threads cannot share it. */
function workOf(
  kernel: KernelName,
  inputs: Operands,
  outputs: Operands,
  p: readonly number[],
): number {
  if (kernel === "matmul") return (p[0] * p[1] * p[2] * p[3]) / PRODUCTS;
  if (kernel === "conv2d" || kernel === "conv2dInput" || kernel === "conv2dKernel") {
    const [batch, n, , , c, kh, kw, oc, oh, ow] = p;
    return (batch * n * oh * ow * oc * kh * kw * c) / p[16] / PRODUCTS;
  }
  if (kernel === "lstmForward" || kernel === "lstmBackward") {
    const [batch, t, b, h] = p;
    return (4 * batch * t * b * h * h) / PRODUCTS;
  }
  if (kernel === "attentionForward" || kernel === "attentionBackward") {
    const [n, tq, tk, d, dv] = p;
    if (kernel === "attentionBackward" && n === 1) return 0; // no sum is split
    return (n * tq * tk * (d + dv)) / PRODUCTS;
  }
  const each = ELEMENT[kernel] ?? 0;
  return largest(inputs, outputs) * (kernel === "chain" ? each * p[3] : each);
}

/** Whether threads should share a call outside of programs. */
export function isLarge(
  kernel: KernelName,
  inputs: Operands,
  outputs: Operands,
  params: readonly number[],
): boolean {
  if (largest(inputs, outputs) < SMALL) return false; // as most are
  return workOf(kernel, inputs, outputs, params) >= SHARE_ALONE_FROM;
}

/** Elements of the largest operand. */
function largest(inputs: Operands, outputs: Operands): number {
  let most = 0;
  for (const { size } of inputs) if (size > most) most = size;
  for (const { size } of outputs) if (size > most) most = size;
  return most;
}

const ofCall = ({ kernel, inputs, outputs, params }: ProgramCall) =>
  workOf(kernel, inputs, outputs, params);

/** What is added to the opcode of each call: whether it is shared, and threads woken for it. */
export function sharing(calls: readonly ProgramCall[], from = SHARE_FROM): number[] {
  const bits: number[] = new Array(calls.length).fill(0);
  let ahead = 0;
  for (let i = calls.length - 1; i >= 0; i--) {
    const { epilogue } = calls[i];
    const work = ofCall(calls[i]) + (epilogue === undefined ? 0 : ofCall(epilogue));
    if (work === 0 || work < from) continue; // 0 is also that of an empty call
    ahead += work;
    bits[i] = ahead < WAKE_FROM * from ? SHARE : SHARE | WAKE;
  }
  return bits;
}
