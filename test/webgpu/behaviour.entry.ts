// Suite: what the webgpu device promises beside the numbers of its kernels. Each story throws with
// what it saw when the promise does not hold.

import { DeviceError, MemoryError } from "../../src/core/errors";
import type { Storage } from "../../src/device/device";
import { functions } from "../../src/device/functions";
import { adapterName, findAdapter, isSoftware } from "../../src/device/webgpu/adapter";
import { classOf } from "../../src/device/webgpu/buffers";
import { WebGPUDevice, webgpuDevice } from "../../src/device/webgpu/device";
import { Faults } from "../../src/device/webgpu/faults";
import { Pipelines } from "../../src/device/webgpu/pipelines";
import { program } from "../../src/device/webgpu/program";
import { selfCases, selfTest } from "../../src/device/webgpu/selfTest";

function same(got: unknown, should: unknown, what: string): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(should)];
  if (a !== b) throw new Error(`${what}: got ${a}, should be ${b}`);
}

async function error(f: () => unknown): Promise<Error> {
  try {
    await f();
  } catch (e) {
    return e as Error;
  }
  throw new Error("did not throw");
}

function upload(device: WebGPUDevice, data: readonly number[] | Float32Array): Storage {
  const storage = device.allocate(data.length, "float32");
  device.write(storage, data);
  return storage;
}

function doubled(device: WebGPUDevice, x: Storage): Storage {
  const out = device.allocate(x.size, "float32");
  device.run("map2", [x, x], [out], [functions.add.code, x.size, 1, x.size, 1, x.size]);
  return out;
}

const numbers = async (device: WebGPUDevice, x: Storage) => Array.from(await device.read(x));

type Story = (device: WebGPUDevice) => Promise<void> | void;

const stories: Record<string, Story> = {
  "the self-test finds every kernel right, within WebGPU's default limits": async (device) => {
    const adapter = (await findAdapter())!;
    const own = new WebGPUDevice(
      await adapter.requestDevice(),
      device.info,
      !device.choosing.software,
    );
    same([own.bindings, own.gpu.limits.maxComputeWorkgroupStorageSize], [8, 16384], "limits");
    // It chooses as on the other kind of adapter: a GPU where this one computes on the CPU.
    same(await selfTest(own), null, "self-test");
    own.dispose();
  },

  "the self-test names a kernel that is wrong": async (device) => {
    const [fill] = selfCases.filter(({ kernel }) => kernel === "fill");
    const run = device.run.bind(device);
    device.run = (kernel, inputs, outputs, params) =>
      run(kernel, inputs, outputs, kernel === "fill" ? [params[0] - 1, params[1]] : params);
    const text = await selfTest(device, [fill, { ...fill, params: [300, 0.5] }]);
    device.run = run;
    if (!text?.startsWith("fill with [300,0.25] is wrong on this adapter: output 0: element 299")) {
      throw new Error(String(text));
    }
  },

  "data written after work on released memory does not overtake that work": async (device) => {
    const results: Storage[] = [];
    for (let i = 0; i < 50; i++) {
      const x = upload(device, [i, i + 0.5, -i]);
      results.push(doubled(device, x));
      device.release(x); // the next upload gets the same buffer, in the same batch
    }
    const all = await Promise.all(results.map((x) => numbers(device, x)));
    for (const [i, got] of all.entries()) same(got, [2 * i, 2 * i + 1, -2 * i || 0], `step ${i}`);
    for (const x of results) device.release(x);
  },

  "a large upload does not overtake either": async (device) => {
    const n = 1 << 19;
    const first = upload(device, new Float32Array(n).fill(1));
    const out = doubled(device, first);
    device.release(first);
    const second = upload(device, new Float32Array(n).fill(7));
    same((await device.read(out))[n - 1], 2, "work before the upload");
    same((await device.read(second))[0], 7, "the upload");
    for (const x of [out, second]) device.release(x);
  },

  "reads of one turn travel in one submit, with all work before them": async (device) => {
    const x = upload(device, [1, 2, 3]);
    await device.read(x);
    const before = device.stats();
    let last = x;
    const made = [x];
    for (let i = 0; i < 20; i++) {
      last = doubled(device, last);
      made.push(last);
    }
    const all = await Promise.all(made.map((t) => numbers(device, t)));
    const after = device.stats();
    same(all[20], [2 ** 20, 2 ** 21, 3 * 2 ** 20], "values");
    same(after.submits - before.submits, 1, "submits");
    same(after.dispatches - before.dispatches, 20, "dispatches");
    for (const t of made) device.release(t);
  },

  "a read sees its tensor as it was when called": async (device) => {
    const x = upload(device, [1, 2]);
    const early = device.read(x);
    device.write(x, [3, 4]);
    const late = device.read(x);
    device.release(x);
    same(
      [Array.from(await early), Array.from(await late)],
      [
        [1, 2],
        [3, 4],
      ],
      "reads",
    );
  },

  "more than 65,535 workgroups are folded": async (device) => {
    const n = 65_536 * 256 + 78;
    const x = device.allocate(n, "float32");
    device.run("fill", [], [x], [n, 1]);
    const total = device.allocate(1, "float32");
    device.run("sum", [x], [total], [1, n, 1]);
    same(await numbers(device, total), [n], "sum"); // even, so a float32
    for (const t of [x, total]) device.release(t);
  },

  "memory is flat, and counted": async (device) => {
    const before = device.memory();
    let x = upload(device, new Float32Array(1000));
    const pooled: number[] = [];
    for (let i = 0; i < 2000; i++) {
      const y = doubled(device, x);
      device.release(x);
      x = y;
      if (i % 500 === 499) pooled.push(device.stats().pooled);
    }
    same(device.memory().tensors - before.tensors, 1, "tensors");
    same(device.memory().bytes - before.bytes, 4000, "bytes");
    same(new Set(pooled).size, 1, "different pool sizes");
    device.resetPeak();
    const y = doubled(device, x);
    same(device.memory().peakBytes - before.bytes, 8000, "peak");
    for (const t of [x, y]) device.release(t);
    device.trim();
    same(device.stats().pooled, 0, "pooled bytes after a trim");
    same(device.memory(), { ...before, peakBytes: device.memory().peakBytes }, "memory at the end");
  },

  "size classes waste a quarter at most": () => {
    for (let bytes = 257; bytes < 1e9; bytes = Math.ceil(bytes * 1.37)) {
      const size = classOf(bytes);
      if (size < bytes || size % 16 !== 0 || size > Math.max(bytes * 1.25, bytes + 64)) {
        throw new Error(`${bytes} bytes got ${size}`);
      }
    }
  },

  "warming up makes pipelines ahead of use": async (device) => {
    const params = [functions.erfInv.code, 3, 1, 3];
    await device.warmUp([{ kernel: "map1", params }]);
    const before = device.stats().pipelines;
    const x = upload(device, [0, 0.5, -0.5]);
    const out = device.allocate(3, "float32");
    device.run("map1", [x], [out], params);
    same(device.stats().pipelines, before, "pipelines");
    const [zero, up, down] = await device.read(out);
    if (zero !== 0 || Math.abs(up - 0.4769362762) > 1e-6 || up !== -down) throw new Error(`${up}`);
    for (const t of [x, out]) device.release(t);
  },

  "a program runs as its calls do, in one submit": async (device) => {
    const slot = (bound: number, offset: number) =>
      ({ bound, offset, size: 4, dtype: "float32" }) as const;
    const add = (a: ReturnType<typeof slot>, out: ReturnType<typeof slot>) => ({
      kernel: "map2" as const,
      inputs: [a, a],
      outputs: [out],
      params: [functions.add.code, 4, 1, 4, 1, 4],
    });
    // x -> A -> B -> A' (where A was) -> out
    const program = device.prepare({
      bound: 2,
      block: 128,
      calls: [
        add(slot(0, 0), slot(-1, 0)),
        add(slot(-1, 0), slot(-1, 64)),
        add(slot(-1, 64), slot(-1, 0)),
        add(slot(-1, 0), slot(1, 0)),
      ],
    });
    const x = upload(device, [1, 2, 3, 4]);
    const out = device.allocate(4, "float32");
    await device.read(x);
    const before = device.stats();
    for (let i = 0; i < 10; i++) program.run([x, out]);
    same(await numbers(device, out), [16, 32, 48, 64], "values");
    same(device.stats().submits - before.submits, 1, "submits");
    same(device.stats().dispatches - before.dispatches, 40, "dispatches");
    program.dispose();
    for (const t of [x, out]) device.release(t);
  },

  "memory of another device, or released, is refused": async (device) => {
    const other = await webgpuDevice();
    const x = upload(other, [1]);
    const out = device.allocate(1, "float32");
    const params = [functions.neg.code, 1, 1, 1];
    const foreign = await error(() => device.run("map1", [x], [out], params));
    same(
      foreign.message,
      "map1: the memory is of another device. Copy the data to this one.",
      "text",
    );
    device.release(out);
    const gone = await error(() => device.write(out, [1]));
    same(gone.message, "write: the memory was released. Use it before it is freed.", "text");
    const long = device.allocate(2, "float32");
    const length = await error(() => device.write(long, [1]));
    same(length instanceof DeviceError, true, "kind");
    device.release(long);
    other.dispose();
  },

  "a tensor over the adapter's binding limit is a MemoryError, and nothing changes": async (
    device,
  ) => {
    const before = device.memory();
    const limit = Math.min(
      device.gpu.limits.maxStorageBufferBindingSize,
      device.gpu.limits.maxBufferSize,
    );
    const refused = await error(() => device.allocate(Math.floor(limit / 4) + 1, "float32"));
    same(refused instanceof MemoryError, true, "kind");
    same(device.memory(), before, "memory");
    const x = upload(device, [1]);
    same(await numbers(device, x), [1], "the device goes on");
    device.release(x);
  },

  "a shader that does not compile is shown with its line and a caret": async () => {
    const own = await webgpuDevice();
    const faults = new Faults(own.gpu);
    const pipelines = new Pipelines(own.gpu, faults);
    const wrong = program(
      "wrong",
      [
        { file: "first.wgsl", text: "// one line" },
        {
          file: "wrong.wgsl",
          text: "@compute @workgroup_size(1)\nfn main() {\n  let x = tileB;\n}",
        },
      ],
      { reads: 0, writes: 1 },
    );
    pipelines.get(wrong);
    await faults.settled();
    const text = faults.error("sum")!.message;
    const start = "sum: wrong: its WGSL kernel does not compile: wrong.wgsl 3:11: ";
    if (!text.startsWith(start)) throw new Error(text);
    const lines = text.split("\n");
    same(lines[1], "  3 |   let x = tileB;", "line");
    same(lines[2].startsWith("    |           ^"), true, "caret");
    if (!lines[0].includes("tileB")) throw new Error(lines[0]);
    own.dispose();
  },

  "a lost device throws at each later call, reads under way included": async () => {
    const own = await webgpuDevice();
    const x = upload(own, [1, 2]);
    const reading = error(() => own.read(x));
    own.gpu.destroy();
    const underWay = await reading;
    same(underWay instanceof DeviceError, true, `a read under way: ${underWay}`);
    const reason = await own.lost;
    if (!reason.startsWith("the webgpu device was lost: ")) throw new Error(reason);
    for (const call of [
      () => own.allocate(1, "float32"),
      () => own.write(x, [1, 2]),
      () => own.read(x),
      () => doubled(own, x),
    ]) {
      const later = await error(call);
      same(later instanceof DeviceError, true, `kind of ${later}`);
      same(later.message.endsWith(" Call init() again."), true, later.message);
    }
    own.release(x); // does nothing
    const next = await webgpuDevice();
    const again = upload(next, [3, 4]);
    same(await numbers(next, again), [3, 4], "a new device");
    next.dispose();
  },

  "a disposed device says so, and twice is once": async () => {
    const own = await webgpuDevice();
    const x = upload(own, [1]);
    own.dispose();
    own.dispose();
    own.release(x);
    same((await error(() => own.read(x))).message.includes("was disposed"), true, "read");
    same(own.memory().bytes, 0, "bytes");
    same(await own.lost, "the webgpu device was disposed", "lost");
  },

  "memory that the GPU has not is a MemoryError at the next read": async () => {
    const own = await webgpuDevice();
    const x = upload(own, [1]);
    const push = own.gpu.pushErrorScope.bind(own.gpu);
    const pop = own.gpu.popErrorScope.bind(own.gpu);
    const filters: GPUErrorFilter[] = [];
    own.gpu.pushErrorScope = (filter) => {
      filters.push(filter);
      return push(filter);
    };
    own.gpu.popErrorScope = async () => {
      const full = filters.pop() === "out-of-memory";
      const told = await pop();
      return full ? ({ message: "not enough memory left" } as GPUError) : told;
    };
    const big = own.allocate(5_000_000, "float32");
    const refused = await error(() => own.read(x));
    same(refused instanceof MemoryError, true, `kind of ${refused}`);
    same((await error(() => own.read(big))) instanceof MemoryError, true, "kind");
    own.dispose();
  },

  "work that WebGPU refuses is never read as numbers": async () => {
    const own = await webgpuDevice();
    const x = upload(own, [1, 2, 3]);
    const out = doubled(own, x);
    const { block } = x as unknown as { block: { buffer: GPUBuffer } };
    block.buffer.destroy(); // a mistake of the library's own: the batch cannot be submitted
    const refused = await error(() => own.read(out));
    same(refused instanceof DeviceError, true, `kind of ${refused}`);
    own.dispose();
  },

  "adapters that compute on the CPU are told from GPUs": async (device) => {
    const info = (description: string, fallback = false) =>
      ({
        ...{ vendor: "", architecture: "", device: "", description },
        isFallbackAdapter: fallback,
      }) as GPUAdapterInfo;
    same(isSoftware(info("NVIDIA H200")), false, "a GPU");
    for (const name of [
      "llvmpipe (LLVM 15)",
      "SwiftShader driver",
      "Microsoft Basic Render Driver",
    ]) {
      same(isSoftware(info(name)), true, name);
    }
    same(isSoftware(info("unnamed", true)), true, "a fallback adapter");
    const adapter = (await findAdapter())!;
    same(device.info.adapter, adapterName(adapter.info), "name");
    same(device.choosing.software, isSoftware(adapter.info), "kind");
  },

  "without an adapter the way out is told": async () => {
    const gpu = { requestAdapter: async () => null } as unknown as GPU;
    const refused = await error(() => webgpuDevice({ gpu }));
    same(refused instanceof DeviceError, true, "kind");
    same(
      refused.message,
      "init: no WebGPU adapter here (requestAdapter() gave null). " +
        'Use init({ device: "wasm" }).',
      "text",
    );
  },
};
export interface Told {
  readonly name: string;
  /** What went wrong, or an empty text. */
  readonly text: string;
}
export default async function run(): Promise<Told[]> {
  const device = await webgpuDevice();
  const told: Told[] = [];
  for (const [name, story] of Object.entries(stories)) {
    let text = "";
    try {
      await story(device);
    } catch (e) {
      text = `${(e as Error).message}\n${(e as Error).stack}`;
    }
    told.push({ name, text });
  }
  told.push({ name: "nothing is left", text: device.memory().tensors === 0 ? "" : "tensors" });
  device.dispose();
  return told;
}
