// Group: what goes wrong is told by a clear error, never by a wrong number or a hang, and init()
// works again after it.

import { DeviceError, MemoryError } from "../../src/core/errors";
import { functions } from "../../src/device/functions";
import { webgpuDevice } from "../../src/device/webgpu/device";
import { Faults } from "../../src/device/webgpu/faults";
import { Pipelines } from "../../src/device/webgpu/pipelines";
import { program } from "../../src/device/webgpu/program";
import { doubled, numbers, upload } from "./calls";
import { errorOf, type Story, same, storyGroup } from "./group";

const stories: Record<string, Story> = {
  "memory of another device, or released, is refused": async (device) => {
    const other = await webgpuDevice();
    const x = upload(other, [1]);
    const out = device.allocate(1, "float32");
    const params = [functions.neg.code, 1, 1, 1];
    const foreign = await errorOf(() => device.run("map1", [x], [out], params));
    same(
      foreign.message,
      "map1: the memory is of another device. Copy the data to this one.",
      "text",
    );
    device.release(out);
    const gone = await errorOf(() => device.write(out, [1]));
    same(gone.message, "write: the memory was released. Use it before it is freed.", "text");
    const long = device.allocate(2, "float32");
    const length = await errorOf(() => device.write(long, [1]));
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
    const refused = await errorOf(() => device.allocate(Math.floor(limit / 4) + 1, "float32"));
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
    const reading = errorOf(() => own.read(x));
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
      const later = await errorOf(call);
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
    same((await errorOf(() => own.read(x))).message.includes("was disposed"), true, "read");
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
    const refused = await errorOf(() => own.read(x));
    same(refused instanceof MemoryError, true, `kind of ${refused}`);
    same((await errorOf(() => own.read(big))) instanceof MemoryError, true, "kind");
    own.dispose();
  },

  "work that WebGPU refuses is never read as numbers": async () => {
    const own = await webgpuDevice();
    const x = upload(own, [1, 2, 3]);
    const out = doubled(own, x);
    const { block } = x as unknown as { block: { buffer: GPUBuffer } };
    block.buffer.destroy(); // a mistake of the library's own: the batch cannot be submitted
    const refused = await errorOf(() => own.read(out));
    same(refused instanceof DeviceError, true, `kind of ${refused}`);
    own.dispose();
  },

  "without an adapter the way out is told": async () => {
    const gpu = { requestAdapter: async () => null } as unknown as GPU;
    const refused = await errorOf(() => webgpuDevice({ gpu }));
    same(refused instanceof DeviceError, true, "kind");
    same(
      refused.message,
      "init: no WebGPU adapter here (requestAdapter() gave null). " +
        'Use init({ device: "wasm" }).',
      "text",
    );
  },
};

export const faultGroup = storyGroup("faults", stories);
