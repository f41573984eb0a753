// Threads of the wasm device: the same bits for any number of them, errors from any of them, and
// an end that keeps no process alive; in Node, in Deno, and in pages, with a policy and without.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { IndexError, MemoryError } from "../src/core/errors";
import type { Device, DeviceInfo, Storage } from "../src/device/device";
import { runOnce } from "../src/device/program";
import { wasmDevice } from "../src/device/wasm/device";
import { testWith } from "./devices";
import type { Result } from "./threads.entry";
import { bundle } from "./webgpu/bundle";
import { absence, type Runtime, run } from "./webgpu/runners";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const MINUTES = 60_000;

describe.each<Runtime>(["node", "deno", "chromium", "firefox"])("wasm threads in %s", (runtime) => {
  const absent = runtime === "node" ? null : absence(runtime);
  testWith(
    absent,
    "every kernel and a compiled step: right, and the same bits for 1, 2 and 3",
    async () => {
      const result = (await run(runtime, await bundle(here("threads.entry.ts")))) as Result;
      expect(result.threads).toEqual([1, 2, 3]);
      expect(result.failures).toEqual([]);
      expect(result.ran).toBeGreaterThan(runtime === "node" ? 5000 : 1250);
      expect(result.unequal).toEqual([]);
      expect(new Set(result.steps).size).toBe(1);
      expect(result.steps[0].split(",")).toHaveLength(3 * 3 * 3 * 40);
      expect(result.grown).toEqual(result.grown.map(() => 1));
      expect(result.tensors).toBe(0);
    },
    5 * MINUTES,
  );
});

describe("wasm threads in a page with a policy", () => {
  const absent = absence("chromium");
  testWith(
    absent,
    "come from the library's own file, or not at all",
    async () => {
      const path = await bundle(here("threads.page.entry.ts"));
      const [own, none] = (await run("chromium", path)) as DeviceInfo[];
      expect(own.threads).toBe(2);
      expect(own.reason).toMatch(/; 2 threads$/);
      expect(none.threads).toBe(1);
      expect(none.reason).toMatch(/; 1 thread, not 2, as workers do not start here: /);
    },
    2 * MINUTES,
  );
});

/** A device whose threads share every call. */
const shared = (threads: number) => wasmDevice({ threads, cores: threads, shareFrom: 0 });

function block(device: Device, data: Float32Array | Int32Array) {
  const storage = device.allocate(data.length, data instanceof Int32Array ? "int32" : "float32");
  device.write(storage, data);
  return storage;
}

describe("wasm threads", () => {
  test("a bad index is refused before anything is written, and the device goes on", async () => {
    const device = await shared(3);
    const x = block(
      device,
      Float32Array.from({ length: 4000 }, (_, i) => i),
    );
    const idx = new Int32Array(1000).fill(3);
    idx[700] = 1000;
    idx[900] = -1;
    const bad = block(device, idx);
    const good = block(device, new Int32Array(1000).fill(999));
    const out = block(device, new Float32Array(4000).fill(7));
    for (let round = 0; round < 50; round++) {
      const gather = () => runOnce(device, "gather", [x, bad], [out], [1, 1000, 1000, 4]);
      expect(gather).toThrow(IndexError);
      expect(gather).toThrow("700");
      expect(await device.read(out)).toEqual(new Float32Array(4000).fill(7));
    }
    runOnce(device, "gather", [x, good], [out], [1, 1000, 1000, 4]);
    expect((await device.read(out)).slice(-4)).toEqual(new Float32Array([3996, 3997, 3998, 3999]));
    device.dispose();
  });

  test("memory that one thread cannot get is an error, and the device goes on", async () => {
    const device = await shared(2);
    const n = 600;
    const [a, out] = [device.allocate(n * n, "float32"), device.allocate(n * n, "float32")];
    device.run("fill", [], [a], [n * n, 1]);
    // A call too small to be shared: the main thread has the scratch memory that it will need.
    const h = 400;
    const sizes = [4 * h, 4 * h * h, 4 * h, h, h, 1, h, 5 * h];
    const lstm = sizes.map((size) => device.allocate(size, "float32"));
    device.run("lstmForward", lstm.slice(0, 6), lstm.slice(6), [1, 1, 1, h, 0, 0]);
    const kept: Storage[] = [];
    for (let size = 2 ** 28; size >= 1024; size /= 2) {
      try {
        for (;;) kept.push(device.allocate(size, "float32"));
      } catch (error) {
        expect(error).toBeInstanceOf(MemoryError);
      }
    }
    const multiply = () => runOnce(device, "matmul", [a, a], [out], [1, n, n, n, 0, 0, 0, 0]);
    let failed = 0;
    for (let round = 0; round < 20; round++) {
      try {
        multiply();
      } catch (error) {
        expect(error).toBeInstanceOf(MemoryError);
        failed++;
      }
    }
    expect(failed).toBeGreaterThan(0); // unless the main thread took both shares every time
    for (const storage of kept) device.release(storage);
    runOnce(device, "fill", [], [out], [n * n, 3]);
    expect((await device.read(out)).every((v) => v === 3)).toBe(true);
    device.dispose();
  });
});

describe("the number of threads", () => {
  afterEach(() => vi.unstubAllGlobals());

  const reason = async (threads: number, cores: number) => {
    const device = await wasmDevice({ simd: "plain", threads, cores });
    device.dispose();
    return [device.info.threads, device.info.reason];
  };

  test("is told, and why it is not the one asked for", async () => {
    const start = "wasm: plain SIMD, asked for by name";
    expect(await reason(1, 1)).toEqual([1, start]);
    expect(await reason(2, 4)).toEqual([2, `${start}; 2 threads`]);
    expect(await reason(8, 2)).toEqual([
      2,
      `${start}; 2 threads, not 8, as there are 2 cores here`,
    ]);
    expect(await reason(2, 1)).toEqual([1, `${start}; 1 thread, not 2, as there is 1 core here`]);
    vi.stubGlobal("SharedArrayBuffer", undefined);
    const none = "as this runtime has no SharedArrayBuffer";
    expect(await reason(2, 4)).toEqual([1, `${start}; 1 thread, not 2, ${none}`]);
  });
});

describe("the built library", () => {
  const library = pathToFileURL(here("../dist/index.js")).href;

  /** What a process says before it ends by itself. */
  async function say(code: string): Promise<string> {
    const args = ["--input-type=module", "-e", `import * as hypergrad from "${library}"; ${code}`];
    return (await promisify(execFile)(process.execPath, args, { timeout: 60_000 })).stdout.trim();
  }

  const product = `
    const device = await hypergrad.init({ device: "wasm", threads: 2, deterministic: true });
    const x = hypergrad.full([300, 300], 0.5);
    const y = hypergrad.compile((x) => hypergrad.sum(hypergrad.matmul(x, x)))(x);
    const told = [device.info.threads, await y.item()].join(" ");`;
  const expected = `${Math.min(2, availableParallelism())} 6750000`;

  test("has threads, and a process that used them ends by itself", async () => {
    expect(await say(`${product} console.log(told);`)).toBe(expected);
  });

  test.skipIf(!existsSync("/proc/self/task") || availableParallelism() < 2)(
    "ends its threads when the device is disposed",
    async () => {
      const code = `
        const { readdirSync } = await import("node:fs");
        const count = () => readdirSync("/proc/self/task").length;
        await hypergrad.init({ device: "wasm" });
        const before = count();
        const device = await hypergrad.init({ device: "wasm", threads: 2 });
        const during = count();
        device.dispose();
        const pause = () => new Promise((wake) => setTimeout(wake, 20));
        for (let i = 0; i < 200 && count() >= during; i++) await pause();
        console.log(during > before, count() < during);`;
      expect(await say(code)).toBe("true true");
    },
  );

  test("works in a worker of the user's, with threads of its own", async () => {
    const inner = JSON.stringify(
      `import("${library}").then(async (hypergrad) => { ${product}
        (await import("node:worker_threads")).parentPort.postMessage(told); });`,
    );
    const code = `
      const { Worker } = await import("node:worker_threads");
      new Worker(${inner}, { eval: true }).once("message", (told) => console.log(told));`;
    expect(await say(code)).toBe(expected);
  });
});
