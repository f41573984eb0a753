// Suite: the wasm device with threads that share every call, however small. Each kernel case, run
// as a program, against the reference; the same bits for any number of threads; memory that grows
// while threads are at work.

import { setDevice } from "../src/device/current";
import type { Device, Storage } from "../src/device/device";
import type { KernelName } from "../src/device/kernels";
import { runOnce } from "../src/device/program";
import { wasmDevice } from "../src/device/wasm/device";
import { grad } from "../src/grad/grad";
import * as ops from "../src/ops/index";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { ones, zeros } from "../src/tensor/fill";
import { scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import type { Case } from "./cases/case";
import { kernelCases } from "./kernels.cases";
import { type Failure, kernelSuite } from "./kernels.suite";

export interface Result {
  readonly threads: readonly number[];
  readonly ran: number;
  readonly failures: readonly Failure[];
  /** Cases whose bits depend on the number of threads. */
  readonly unequal: readonly string[];
  /** Bits of a step of second order, compiled, for each number of threads. */
  readonly steps: readonly string[];
  /** Sums of blocks of ones, taken after memory grew for each. */
  readonly grown: readonly number[];
  readonly tensors: number;
}

/** A device whose calls are programs, so that threads share them. */
function byPrograms(device: Device): Device {
  const run = (
    kernel: KernelName,
    ...rest: [readonly Storage[], readonly Storage[], readonly number[]]
  ) => runOnce(device, kernel, ...rest);
  return new Proxy(device, {
    get: (_, name) => {
      if (name === "run") return run;
      const value = device[name as keyof Device];
      return typeof value === "function" ? value.bind(device) : value;
    },
  });
}

/** The bits of all outputs of a case, for each device. */
async function bitsOf(devices: readonly Device[], c: Case): Promise<Int32Array[][]> {
  const data = c.inputs();
  const all = devices.map(async (device) => {
    const inputs = data.map((values) => {
      const dtype = values instanceof Int32Array ? "int32" : "float32";
      const storage = device.allocate(values.length, dtype);
      device.write(storage, values);
      return storage;
    });
    const outputs = c.outputs.map(({ size, dtype }) => device.allocate(size, dtype));
    runOnce(device, c.kernel, inputs, outputs, c.params);
    const read = await Promise.all(outputs.map((storage) => device.read(storage)));
    for (const storage of [...inputs, ...outputs]) device.release(storage);
    return read.map(({ buffer }) => new Int32Array(buffer));
  });
  return Promise.all(all);
}

const same = (a: Int32Array, b: Int32Array) => a.every((bits, i) => bits === b[i]);

/** A step with convolutions, norms, products, sorts, gathers and their gradients, twice over. */
function step(device: Device): Promise<string> {
  setDevice(device);
  return scope(async () => {
    const { batchNorm, conv2d, gather, key, matmul, mul, normal, relu, reshape, sort, sub, sum } =
      ops;
    const x = normal(key(1), [6, 12, 12, 3]);
    const w = normal(key(2), [3, 3, 3, 40]);
    const v = normal(key(3), [1440, 70]);
    const [one, zero] = [ones([40]), zeros([40])];
    const rows = tensor(new Int32Array([5, 0, 3, 3, 1]));
    const loss = (w: Tensor) => {
      const y = relu(batchNorm(conv2d(x, w, { stride: 2, padding: 1 }), one, zero));
      const z = sort(matmul(gather(reshape(y, [6, 1440]), rows, 0), v));
      return sum(mul(z, z));
    };
    const second = compile((w: Tensor) =>
      grad((w: Tensor) => loss(sub(w, mul(grad(loss)(w), 1e-6))))(w),
    );
    const data = await second(w).data();
    second.dispose();
    return new Int32Array(data.buffer).join();
  });
}

/** Blocks of ones, each larger than the memory so far, filled and summed by all threads. */
async function grow(device: Device): Promise<number[]> {
  const sums: number[] = [];
  for (let size = 1 << 20; size <= 1 << 25; size *= 2) {
    const x = device.allocate(size, "float32");
    const sum = device.allocate(8, "float32");
    runOnce(device, "fill", [], [x], [size, 1]);
    runOnce(device, "sum", [x], [sum], [8, size / 8, 1]);
    sums.push(Array.from(await device.read(sum)).reduce((a, b) => a + b) / size);
    device.release(sum);
    device.release(x);
  }
  return sums;
}

/** Elsewhere than in Node, where all of it is checked, a part tells whether threads work. */
const EVERY = "Deno" in globalThis || "document" in globalThis ? 4 : 1;

export default async function run(): Promise<Result> {
  const cases = kernelCases.filter((_, i) => i % EVERY === 0);
  const devices = [];
  for (const threads of [1, 2, 3]) {
    devices.push(await wasmDevice({ threads, cores: 3, shareFrom: 0 }));
  }
  const [, two, three] = devices;
  const { ran, failures } = await kernelSuite(byPrograms(two), undefined, cases);
  const unequal: string[] = [];
  for (const c of cases.filter(({ throws }) => throws === undefined)) {
    const [first, ...others] = await bitsOf(devices, c);
    if (others.every((outputs) => outputs.every((bits, i) => same(bits, first[i])))) continue;
    unequal.push(`${c.kernel} ${c.name}`);
  }
  const steps = [];
  for (const device of devices) steps.push(await step(device));
  const grown = await grow(three);
  const result = {
    threads: devices.map(({ info }) => info.threads),
    ran,
    failures,
    unequal,
    steps,
    grown,
    tensors: devices.reduce((n, device) => n + device.memory().tensors, 0),
  };
  for (const device of devices) device.dispose();
  return result;
}
