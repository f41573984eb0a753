// The roofs that rows are measured against: the most 128-bit arithmetic that one thread does from
// registers, and a copy of as many bytes as the row moves. Both are WebAssembly written out here,
// so that they run wherever the rows do.

import type { Candidate } from "./sampling";
import { now } from "./time";

const I32 = 0x7f;
const V128 = 0x7b;
const LOOP = 0x03;
const BR_IF = 0x0d;
const END = 0x0b;
const GET = 0x20;
const SET = 0x21;
const TEE = 0x22;
const I32_CONST = 0x41;
const F32_CONST = 0x43;
const I32_LT_U = 0x49;
const I32_ADD = 0x6a;
const I32_SUB = 0x6b;
const LOAD = [0xfd, 0x00];
const STORE = [0xfd, 0x0b];
const SPLAT = [0xfd, 0x13];
const ADD = [0xfd, 0xe4, 0x01];
const MUL = [0xfd, 0xe6, 0x01];
const RELAXED_MADD = [0xfd, 0x85, 0x02];

function leb(n: number): number[] {
  // A last byte with its sign bit at 0 is right as an unsigned and as a signed number.
  if (n < 0x40) return [n];
  return [(n & 0x7f) | 0x80, ...leb(n >>> 7)];
}

const float = (x: number) => [F32_CONST, ...new Uint8Array(Float32Array.of(x).buffer)];
const section = (id: number, content: number[]) => [id, ...leb(content.length), ...content];

/** A module of one function of i32s to nothing, and one memory of its own. */
function module(
  params: number,
  vectors: number,
  pages: number,
  code: number[],
): Uint8Array<ArrayBuffer> {
  const body = [1, ...leb(vectors), V128, ...code, END];
  const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, params, ...new Array<number>(params).fill(I32), 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, ...leb(pages)]),
    ...section(7, [1, ...name("run"), 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

/** Accumulators: with the one factor they fill the 15 registers that V8 has, and hide a product and
 * a sum one after the other. */
const CHAINS = 14;
const UNROLLED = 4;

/** run(n): n rounds of UNROLLED · CHAINS products and sums of four floats. */
function peakModule(relaxed: boolean): Uint8Array<ArrayBuffer> {
  const a = 1 + CHAINS;
  const code: number[] = [];
  for (let i = 0; i < CHAINS; i++) code.push(...float(i), ...SPLAT, SET, 1 + i);
  code.push(...float(0.5), ...SPLAT, SET, a, LOOP, 0x40);
  for (let u = 0; u < UNROLLED; u++) {
    for (let i = 1; i <= CHAINS; i++) {
      if (relaxed) code.push(GET, i, GET, a, GET, a, ...RELAXED_MADD, SET, i);
      else code.push(GET, i, GET, a, ...MUL, GET, a, ...ADD, SET, i);
    }
  }
  code.push(GET, 0, I32_CONST, 1, I32_SUB, TEE, 0, BR_IF, 0, END);
  code.push(I32_CONST, 0, GET, 1);
  for (let i = 2; i <= CHAINS; i++) code.push(GET, i, ...ADD);
  code.push(...STORE, 4, 0);
  return module(1, CHAINS + 1, 1, code);
}

/** run(from, to, end): copies 64 bytes at a time until `from` reaches `end`. */
function copyModule(pages: number): Uint8Array<ArrayBuffer> {
  const code = [LOOP, 0x40];
  for (let i = 0; i < 4; i++) code.push(GET, 0, ...LOAD, 4, 16 * i, SET, 3 + i);
  for (let i = 0; i < 4; i++) code.push(GET, 1, GET, 3 + i, ...STORE, 4, 16 * i);
  code.push(GET, 1, I32_CONST, ...leb(64), I32_ADD, SET, 1);
  code.push(GET, 0, I32_CONST, ...leb(64), I32_ADD, TEE, 0, GET, 2, I32_LT_U, BR_IF, 0, END);
  return module(3, 4, pages, code);
}

async function instantiate(bytes: Uint8Array<ArrayBuffer>): Promise<(...args: number[]) => void> {
  const { instance } = await WebAssembly.instantiate(bytes);
  return instance.exports.run as (...args: number[]) => void;
}

function timed(call: () => void): Candidate {
  return {
    sample: (count) => {
      const start = now();
      for (let i = 0; i < count; i++) call();
      return now() - start;
    },
  };
}

export interface Roof {
  readonly candidate: Candidate;
  /** Flops or bytes of one call. */
  readonly work: number;
}

/** Arithmetic: products and sums apart, or one `relaxed_madd`, as the device's binary does them. */
export async function peak(simd: "plain" | "relaxed"): Promise<Roof> {
  const rounds = 500;
  const run = await instantiate(peakModule(simd === "relaxed"));
  return { candidate: timed(() => run(rounds)), work: rounds * UNROLLED * CHAINS * 8 };
}

/** Copies `bytes / 2` bytes from one place to another: `bytes` read and written. */
export async function copy(bytes: number): Promise<Roof> {
  const half = Math.max(64, Math.ceil(bytes / 128) * 64);
  const run = await instantiate(copyModule(Math.ceil((2 * half) / 65536)));
  return { candidate: timed(() => run(0, half, half)), work: 2 * half };
}
