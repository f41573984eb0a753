// A program in linear memory: written once as a list of calls, run by one call into WebAssembly.

import { BYTES } from "../../core/dtype";
import { throwIndex } from "../checks";
import type { Device, Storage } from "../device";
import { kernelNames, kernels, type Signature } from "../kernels";
import type { Clock, ProgramCall, ProgramSource, Runnable, Slot } from "../program";
import { FOLD, sharing } from "./sharing";

/** What a program needs of its device. */
interface Host {
  execute(list: number, slots: number, count: number): number;
  badIndex(): number;
  addressOf(storage: Storage): number;
  /** Nanoseconds of work from which threads share a call. Default SHARE_FROM. */
  readonly shareFrom?: number;
  /** The memory as 32-bit words, `count` of them at least from address `at` on. */
  words(at: number, count: number): Int32Array;
}

const bits = new DataView(new ArrayBuffer(4));
function floatBits(x: number): number {
  bits.setFloat32(0, x);
  return bits.getInt32(0);
}

/** Slot 0 is the block; bound storage i is slot i + 1. */
function operand({ bound, offset }: Slot): [number, number] {
  return [bound + 1, offset * BYTES];
}

/** A call as words, and what is a part of it behind it. */
function encode(call: ProgramCall, sharing: number): number[] {
  if (call.epilogue === undefined) return encodeOne(call, sharing);
  return [...encodeOne(call, sharing + FOLD), ...encodeOne(call.epilogue, sharing)];
}

/** Their number, the opcode, operands, parameters; see asm/execute.ts. */
function encodeOne({ kernel, inputs, outputs, params }: ProgramCall, sharing: number): number[] {
  const operands = [...inputs, ...outputs].flatMap(operand);
  const signature: Signature = kernels[kernel];
  const words = [kernelNames.indexOf(kernel) + sharing];
  if (kernel === "chain") words.push(...encodeChain(operands, params));
  else {
    words.push(...operands);
    for (const [i, name] of signature.params.entries()) {
      words.push(signature.floats?.includes(name) ? floatBits(params[i]) : params[i]);
    }
  }
  return [words.length + 1, ...words];
}

/** Counts come first, so that the rest can be found; see asm/chain.ts. */
function encodeChain(operands: readonly number[], params: readonly number[]): number[] {
  const [n, inputs, outputs, steps, sums, rows, columns] = params;
  const rest = params.slice(7);
  const code = rest.slice(3 * inputs);
  let registers = inputs + outputs;
  for (let i = 4; i < code.length; i += 5) registers = Math.max(registers, code[i] + 1);
  return [inputs, outputs, steps, registers, n, sums, rows, columns, ...operands, ...rest];
}

export class WasmProgram implements Runnable {
  readonly #list: Storage;
  readonly #slots: Storage;
  /** Where each call begins, in words. */
  readonly #places: number[];

  constructor(
    private readonly device: Device,
    private readonly source: ProgramSource,
    private readonly host: Host,
  ) {
    const bits = sharing(source.calls, host.shareFrom);
    const encoded = source.calls.map((call, i) => encode(call, bits[i]));
    const words = encoded.flat();
    this.#places = [0];
    for (const call of encoded)
      this.#places.push(this.#places[this.#places.length - 1] + call.length);
    this.#list = device.allocate(words.length, "int32", false);
    device.write(this.#list, words);
    this.#slots = device.allocate(source.bound + 1, "int32", false);
  }

  run(bound: readonly Storage[], clock?: Clock): void {
    const { device, host, source } = this;
    const block = device.allocate(source.block, "float32");
    try {
      const at = host.addressOf(this.#slots);
      const words = host.words(at, bound.length + 1);
      const first = at / BYTES;
      words[first] = host.addressOf(block);
      for (let i = 0; i < bound.length; i++) words[first + 1 + i] = host.addressOf(bound[i]);
      const list = host.addressOf(this.#list);
      const stopped =
        clock === undefined
          ? host.execute(list, at, source.calls.length)
          : this.#timed(list, at, clock);
      if (stopped >= 0) this.#fail(source.calls[stopped], [block, ...bound]);
    } finally {
      device.release(block);
    }
  }

  #timed(list: number, slots: number, clock: Clock): number {
    for (let i = 0; i < this.source.calls.length; i++) {
      const start = performance.now();
      const stopped = this.host.execute(list + this.#places[i] * BYTES, slots, 1);
      if (stopped >= 0) return i;
      clock(i, performance.now() - start);
    }
    return -1;
  }

  /** A call found a bad index: the error that it throws when run alone. */
  #fail({ kernel, inputs, params }: ProgramCall, storages: readonly Storage[]): never {
    const signature: Signature = kernels[kernel];
    const slot = inputs[signature.inputs.indexOf(signature.checks!)];
    const position = this.host.badIndex();
    const start = this.host.addressOf(storages[slot.bound + 1]) / BYTES + slot.offset + position;
    const index = this.host.words(start * BYTES, 1)[start];
    return throwIndex(kernel, position, index, params[signature.params.indexOf("n")]);
  }

  dispose(): void {
    this.device.release(this.#list);
    this.device.release(this.#slots);
  }
}
