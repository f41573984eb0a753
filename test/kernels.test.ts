// The kernels of every device against the reference, over the whole table of cases; that the
// suite fails where it must; and the reference itself against values worked out by hand.

import { describe, expect, test } from "vitest";
import type { Device, Storage } from "../src/device/device";
import { functionList, functions } from "../src/device/functions";
import { type KernelName, kernelNames, kernels, type Signature } from "../src/device/kernels";
import { referenceDevice } from "../src/device/reference/device";
import { runsHere } from "../src/device/wasm/binaries";
import { wasmDevice } from "../src/device/wasm/device";
import { kernelCases } from "./kernels.cases";
import { kernelSuite } from "./kernels.suite";

type Run = (base: Device, ...call: Parameters<Device["run"]>) => void;

/** A reference device that passes for wasm and runs kernels in its own way. */
function altered(run: Run): Device {
  const base = referenceDevice();
  return {
    name: "wasm",
    info: base.info,
    features: base.features,
    bindings: base.bindings,
    inPlace: base.inPlace,
    foldFrom: base.foldFrom,
    lost: base.lost,
    allocate: (size, dtype) => base.allocate(size, dtype),
    release: (storage) => base.release(storage),
    write: (storage, data) => base.write(storage, data),
    read: (storage) => base.read(storage),
    run: (...call) => run(base, ...call),
    tune: () => base.tune(),
    prepare: (source) => base.prepare(source),
    memory: () => base.memory(),
    resetPeak: () => base.resetPeak(),
    dispose: () => base.dispose(),
  };
}

const dataOf = (storage: Storage) => (storage as unknown as { data: Float64Array }).data;

const roundAll = (outputs: readonly Storage[]) => {
  for (const storage of outputs) {
    const data = dataOf(storage);
    for (let i = 0; i < data.length; i++) data[i] = Math.fround(data[i]);
  }
};

describe("the cases", () => {
  test.each(kernelNames)("%s has cases that fit its signature", (kernel) => {
    const cases = kernelCases.filter((c) => c.kernel === kernel);
    expect(cases.length).toBeGreaterThan(10);
    const { variadic } = kernels[kernel] as Signature;
    for (const { params, inputs, outputs } of cases) {
      if (variadic) continue;
      expect(params.length).toBe(kernels[kernel].params.length);
      expect(inputs().length).toBe(kernels[kernel].inputs.length);
      expect(outputs.length).toBe(kernels[kernel].outputs.length);
      const { floats = [] } = kernels[kernel] as Signature;
      for (const [i, name] of kernels[kernel].params.entries()) {
        expect(floats.includes(name) || params[i] === (params[i] | 0)).toBe(true);
      }
    }
  });

  test.each(functionList)("$name has cases", ({ code, arity }) => {
    const mine = kernelCases.filter((c) => c.kernel === `map${arity}` && c.params[0] === code);
    expect(mine.length).toBeGreaterThan(7);
  });

  test("a device that rounds the truth to float32 passes them all", async () => {
    const device = altered((base, kernel, inputs, outputs, params) => {
      base.run(kernel, inputs, outputs, params);
      if (dataOf(outputs[0]) instanceof Float64Array) roundAll(outputs);
    });
    const { failures, ran, skipped } = await kernelSuite(device);
    expect(failures).toEqual([]);
    expect(ran).toBe(kernelCases.length);
    expect(skipped).toBe(0);
  });
});

describe("the suite", () => {
  test.each(kernelNames)("%s with one wrong element fails", async (kernel) => {
    const device = altered((base, name, inputs, outputs, params) => {
      base.run(name, inputs, outputs, params);
      const last = dataOf(outputs[outputs.length - 1]);
      if (last.length > 0) last[last.length - 1] = last[last.length - 1] * 1.01 + 1;
    });
    const some = kernelCases.filter((c) => c.kernel === kernel).slice(0, 50);
    const { failures, ran } = await kernelSuite(device, [kernel], some);
    expect(failures.length).toBeGreaterThan(ran / 3);
  });

  /** Failures of one kernel when `body` takes its place. */
  async function failuresOf(
    kernel: KernelName,
    body: (inputs: Float64Array[], outputs: Float64Array[], params: readonly number[]) => void,
  ) {
    const device = altered((_, __, inputs, outputs, params) =>
      body(inputs.map(dataOf), outputs.map(dataOf), params),
    );
    return (await kernelSuite(device, [kernel])).failures.map(({ name }) => name);
  }

  test("a long sum added one by one in float32 fails", async () => {
    const failed = await failuresOf("sum", ([x], [out], [outer, n, inner]) => {
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) {
          let s = 0;
          for (let j = 0; j < n; j++) s = Math.fround(s + x[(o * n + j) * inner + i]);
          out[o * inner + i] = s;
        }
      }
    });
    expect(failed).toContain("[1,60000,1] of equal terms");
    expect(failed.every((name) => name.startsWith("[1,60000,1]"))).toBe(true);
  });

  test("a variance that is mean(x^2) - mean(x)^2 in float32 fails far from 0", async () => {
    const failed = await failuresOf("normalize", ([x], [out, rstd], [outer, n, inner, eps]) => {
      const f = Math.fround;
      for (let row = 0; row < outer * inner; row++) {
        const at = Math.floor(row / inner) * n * inner + (row % inner);
        let [mean, square] = [0, 0];
        for (let j = 0; j < n; j++) {
          mean += x[at + j * inner] / n;
          square += x[at + j * inner] ** 2 / n;
        }
        rstd[row] = f(1 / Math.sqrt(f(f(square) - f(f(mean) ** 2)) + eps));
        for (let j = 0; j < n; j++) {
          out[at + j * inner] = f((x[at + j * inner] - mean) * rstd[row]);
        }
      }
    });
    expect(failed).toContain("[3,64,1] far from 0");
    expect(failed).not.toContain("[2,9,1] large eps");
  });

  test("tanh by (1 - e) / (1 + e) in float32 fails near 0", async () => {
    const f = Math.fround;
    const failed = await failuresOf("map1", ([x], [out], [code, n, inner, mid]) => {
      for (let i = 0; i < n; i++) {
        const v = x[Math.floor(i / inner) % mid];
        const e = f(Math.exp(-2 * Math.abs(v)));
        const wrong = f(Math.sign(v) * f(f(1 - e) / f(1 + e)));
        out[i] = code === functions.tanh.code ? wrong : functionList[code].js(v, 0, 0);
      }
    });
    expect(failed).toContain("tanh over its range");
    expect(failed.every((name) => name.startsWith("tanh"))).toBe(true);
  });

  test("writing past the output, or into an input, fails", async () => {
    let held: Storage[] = [];
    const base = altered((inner, kernel, inputs, outputs, params) => {
      inner.run(kernel, inputs, outputs, params);
      dataOf(held[held.indexOf(outputs[0]) + 1])[0] = 1;
    });
    const past: Device = {
      ...base,
      allocate: (size, dtype) => {
        held = [...held.slice(-20), base.allocate(size, dtype)];
        return held[held.length - 1];
      },
    };
    const beyond = await kernelSuite(past, ["fill"]);
    expect(beyond.failures.length).toBe(beyond.ran);
    expect(beyond.failures[0].text).toBe("wrote past its output");

    const into = altered((inner, kernel, inputs, outputs, params) => {
      inner.run(kernel, inputs, outputs, params);
      dataOf(inputs[0]).fill(0.25);
    });
    const texts = (await kernelSuite(into, ["max"])).failures.map(({ text }) => text);
    expect(new Set(texts)).toEqual(new Set(["changed its input 0"]));
  });

  test("an index that is not refused fails, and so does one refused too late", async () => {
    const lax = altered((_, __, ___, outputs) => dataOf(outputs[0]).fill(0));
    const { failures } = await kernelSuite(lax, ["gather"]);
    expect(failures.filter(({ text }) => text === "did not throw").length).toBe(5);
    const late = altered((base, kernel, inputs, outputs, params) => {
      dataOf(outputs[0]).fill(0);
      base.run(kernel, inputs, outputs, params);
    });
    const texts = (await kernelSuite(late, ["gather"])).failures.map(({ text }) => text);
    expect(texts).toEqual(new Array(5).fill("wrote, then threw"));
  });
});

// Node 20 has no relaxed SIMD without a flag: those tests are then skipped, and counted so.
describe.each([
  { name: "wasm", simd: "plain" as const, there: true },
  { name: "wasm relaxed", simd: "relaxed" as const, there: runsHere("relaxed") },
])("$name: kernels", ({ simd, there }) => {
  test.skipIf(!there).each(kernelNames)("%s", async (kernel) => {
    const device = await wasmDevice({ simd });
    const { ran, failures } = await kernelSuite(device, [kernel]);
    expect(failures.map(({ name, text }) => `${name}: ${text}`)).toEqual([]);
    expect(ran).toBeGreaterThan(10);
    expect(device.memory().tensors).toBe(0);
    device.dispose();
  });
});
