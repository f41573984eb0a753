// Group: what the webgpu device promises beside the numbers of its kernels.

import type { Storage } from "../../src/device/device";
import { functions } from "../../src/device/functions";
import { adapterName, findAdapter, isSoftware } from "../../src/device/webgpu/adapter";
import { classOf } from "../../src/device/webgpu/buffers";
import { WebGPUDevice } from "../../src/device/webgpu/device";
import { type SelfCase, selfCases, selfTest } from "../../src/device/webgpu/selfTest";
import { doubled, numbers, upload } from "./calls";
import { type Story, same, storyGroup } from "./group";

/** Every kernel as it is chosen by shape, and every function, once, where SwiftShader takes a
 * second to compile a shader: the groups of kernels compile and run all choices. Elsewhere all. */
function selfTestCases(software: boolean): readonly SelfCase[] {
  if (!software || "Deno" in globalThis) return selfCases;
  const met = new Set<string>();
  return selfCases.filter(({ kernel, choosing, params }) => {
    const key = `${kernel} ${kernel.startsWith("map") ? params[0] : ""}`;
    return !choosing?.variant && !choosing?.stepwise && !met.has(key) && met.add(key);
  });
}

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
    same(await selfTest(own, selfTestCases(device.choosing.software)), null, "self-test");
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
};

export const promiseGroup = storyGroup("promises", stories);
