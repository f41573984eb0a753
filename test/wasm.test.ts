// The WebAssembly device: both binaries against the reference, its functions over the whole range
// of floats, its operands at the end of memory and above 2 GiB, its errors and its end.

import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { DeviceError, IndexError, MemoryError } from "../src/core/errors";
import type { Device, Storage } from "../src/device/device";
import { type FunctionName, functionList, functions } from "../src/device/functions";
import { kernelNames, kernels, type Signature } from "../src/device/kernels";
import { needRest } from "../src/device/rest";
import { link, modules, runsHere } from "../src/device/wasm/binaries";
import { FORMED, wasmDevice } from "../src/device/wasm/device";
import { kernelSuite } from "./kernels.suite";
import { ulp } from "./rules";

needRest();

const canRelax = runsHere("relaxed");
const binaries = [
  { simd: "plain", absent: false },
  { simd: "relaxed", absent: !canRelax },
] as const;

/** out = f(operands), all whole. */
async function apply(device: Device, f: FunctionName, ...operands: Float32Array[]) {
  const n = operands[0].length;
  const inputs = operands.map((data) => {
    const storage = device.allocate(n, "float32");
    device.write(storage, data);
    return storage;
  });
  const out = device.allocate(n, "float32");
  const repeats = operands.flatMap(() => [1, n]);
  const kernel = operands.length === 1 ? "map1" : "map2";
  device.run(kernel, inputs, [out], [functions[f].code, n, ...repeats]);
  const result = await device.read(out);
  for (const storage of [...inputs, out]) device.release(storage);
  return result;
}

/** The largest error in ulps, and every infinity, NaN or zero that is not the true one. */
function errors(got: ArrayLike<number>, truth: (i: number) => number) {
  let worst = 0;
  const wrong: string[] = [];
  for (let i = 0; i < got.length; i++) {
    const t = truth(i);
    const rounded = Math.fround(t);
    // A truth within some ulps of the largest float may come out on either side of it.
    if (Number.isFinite(t) && Math.abs(t) > 3.4028e38 && Math.abs(t) < 3.4029e38) continue;
    if (!Number.isFinite(rounded) || !Number.isFinite(got[i]) || t === 0) {
      if (!Object.is(got[i], rounded)) wrong.push(`${i}: ${got[i]}, not ${rounded}`);
    } else {
      worst = Math.max(worst, Math.abs(got[i] - t) / ulp(t));
    }
  }
  return { worst, wrong: wrong.slice(0, 5) };
}

/** Every `step`th float by its bits, both signs, all exponents, infinities and NaN among them. */
function allFloats(step: number): Float32Array<ArrayBuffer> {
  const bits = Uint32Array.from({ length: Math.floor(2 ** 32 / step) }, (_, i) => i * step);
  return new Float32Array(bits.buffer);
}

const ENDS = [
  ...[0, -0, Infinity, -Infinity, NaN, 1, -1, 2 ** -149, -(2 ** -149), 2 ** -126, 3.4028234e38],
  ...[-3.4028234e38, 88.72283, 88.72284, -87.33655, -103.97207, -103.97208, -104, 1e-8, 0.6],
  ...[0.34657, 0.70710677, 0.99999994, 1.0000001, 268435456, 1e30],
].map(Math.fround);

describe.each(binaries)("the $simd binary", ({ simd, absent }) => {
  test.skipIf(absent)(
    "agrees with the reference in every kernel",
    { timeout: 300_000 },
    async () => {
      const device = await wasmDevice({ simd });
      const { failures, ran, skipped } = await kernelSuite(device);
      expect(failures).toEqual([]);
      expect(ran).toBeGreaterThan(5000);
      expect(skipped).toBe(0);
      expect(device.memory()).toMatchObject({ tensors: 0, bytes: 0 });
    },
  );

  test.skipIf(absent).each([
    ["exp", 2],
    ["expm1", 2],
    ["log", 2],
    ["log1p", 2],
    ["tanh", 3],
    ["sigmoid", 3],
    ["softplus", 3],
    ["sin", 2],
    ["cos", 2],
    ["erf", 2],
    ["erfInv", 8],
    ["sqrt", 0.5],
    ["rsqrt", 1.5],
    ["reciprocal", 0.5],
  ] as const)("%s is within %d ulp over all floats", async (f, most) => {
    const device = await wasmDevice({ simd });
    const x = Float32Array.from([...ENDS, ...allFloats(49_999)]);
    const { worst, wrong } = errors(await apply(device, f, x), (i) => functions[f].js(x[i], 0, 0));
    expect(wrong).toEqual([]);
    expect(worst).toBeLessThanOrEqual(most);
    expect(worst).toBeGreaterThan(0.2); // the scan reaches hard places
  });

  test.skipIf(absent)("sin and cos are within 2 ulp near multiples of pi / 2", async () => {
    const device = await wasmDevice({ simd });
    const x = Float32Array.from({ length: 2 * 640 }, (_, i) => (i - 640) * (Math.PI / 2));
    for (const f of ["sin", "cos"] as const) {
      const { worst, wrong } = errors(await apply(device, f, x), (i) => Math[f](x[i]));
      expect(wrong).toEqual([]);
      expect(worst).toBeLessThanOrEqual(2);
    }
  });

  test.skipIf(absent)("pow is within 1 ulp, and right in every special case", async () => {
    const device = await wasmDevice({ simd });
    const few = [...ENDS, 2, -2, 3, -3, 0.5, -0.5, 2.5, -7, 16777217, 1e10, -1e10];
    const bases = [...few, ...allFloats(2_000_003)];
    const exponents = [...few, ...allFloats(200_000_003), 1.7, -0.3, 11, 33.3];
    const x = Float32Array.from(bases.flatMap((b) => exponents.map(() => b)));
    const y = Float32Array.from(bases.flatMap(() => exponents));
    const { worst, wrong } = errors(await apply(device, "pow", x, y), (i) => x[i] ** y[i]);
    expect(wrong).toEqual([]);
    expect(worst).toBeLessThanOrEqual(1);
    expect(worst).toBeGreaterThan(0.4);
  });

  test.skipIf(absent)("a function has the same bits in every tile, tail and repeat", async () => {
    const device = await wasmDevice({ simd });
    const n = 3003; // tiles of 1024, a tail of 3
    const x = Float32Array.from({ length: n }, (_, i) => Math.sin(i) * 5);
    const values = new Int32Array(x.buffer);
    const at = (data: Int32Array, inner: number, mid: number) =>
      Int32Array.from({ length: n }, (_, i) => data[Math.floor(i / inner) % mid]);
    const operand = (data: Int32Array) => {
      const storage = device.allocate(data.length, "int32");
      device.write(storage, data);
      return storage;
    };
    const out = device.allocate(n, "int32");
    const repeats = [
      ...[
        [1, 1],
        [1, 3],
        [1, 77],
        [1, 259],
        [1, 1001],
        [1, 1025],
        [1, n],
      ],
      ...[
        [3, 1001],
        [1001, 3],
        [13, 7],
        [1500, 2],
        [5, 1],
      ],
    ];
    for (const { name, code, types } of functionList) {
      const arity = types.indexOf(">");
      if (arity === 3) continue;
      for (const [inner, mid] of repeats) {
        const short = operand(values.slice(0, mid));
        const whole = operand(at(values, inner, mid));
        const run = async (first: typeof short, a: number, b: number) => {
          const inputs = arity === 1 ? [first] : [first, whole];
          const more = arity === 1 ? [] : [1, n];
          device.run(arity === 1 ? "map1" : "map2", inputs, [out], [code, n, a, b, ...more]);
          return await device.read(out);
        };
        const got = await run(short, inner, mid);
        const want = await run(whole, 1, n);
        const first = got.findIndex((v, i) => v !== want[i]);
        expect([name, inner, mid, first]).toEqual([name, inner, mid, -1]);
        device.release(short);
        device.release(whole);
      }
    }
  });

  /** An instance of its own, with as much scratch as small calls need. */
  async function bare() {
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 65535 });
    const outOfMemory = () => {
      throw new Error("no memory");
    };
    const linked = await link(await modules(simd, false), { memory, outOfMemory });
    const exports = linked as unknown as Record<string, (...operands: number[]) => number>;
    exports.argsort(65536, 65536, 1, 1, 0);
    return { memory, exports };
  }

  test.skipIf(absent)("no kernel reads or writes beyond the end of memory", async () => {
    const { exports, memory } = await bare();
    const end = memory.buffer.byteLength; // behind what these calls use of the scratch
    const zeros = 4 * 65536;
    new Uint8Array(memory.buffer, zeros).fill(0);
    for (let n = 1; n <= 21; n++) {
      const last = end - 4 * n; // a read beyond n elements would trap
      for (const [x, out] of [
        [last, zeros],
        [zeros, last],
      ]) {
        exports.map1(x, out, functions.neg.code, n, 1, n);
        exports.map2(x, x, out, functions.add.code, n, 1, n, 1, n);
        exports.map3(zeros, x, x, out, functions.where.code, n, 1, n, 1, n, 1, n);
        exports.fill(out, n, 1);
        exports.softmax(x, out, 1, n);
        exports.logSoftmax(x, out, 1, n);
        exports.cumsum(x, out, 1, n, 1, 0);
        exports.cumsum(x, out, 1, 1, n, 1);
        exports.normalize(x, out, zeros + 4096, 1, n, 1, 1e-5);
        exports.normalize(x, out, zeros + 4096, 1, 1, n, 1e-5);
        exports.normalizeInput(x, x, zeros, out, 1, n, 1);
        exports.normalizeInput(x, x, zeros, out, 1, 1, n);
        exports.argsort(x, out, 1, n, 0);
        exports.move(x, out, 1, 1, 1, 1, 1, n, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1);
        exports.gather(x, zeros, out, 1, 1, 1, n);
        exports.scatterAdd(x, zeros, out, 1, 1, 1, n);
        exports.randomBits(zeros, out, 1, n);
      }
      for (const name of ["sum", "prod", "max", "min", "argmax", "argmin", "logSumExp", "intSum"]) {
        exports[name](last, zeros, 1, n, 1);
        exports[name](last, zeros, 1, 1, n);
        exports[name](zeros, last, 1, 1, n);
      }
    }
    expect(memory.buffer.byteLength).toBe(end);
    expect(() => exports.fill(end - 4, 2, 1)).toThrow(WebAssembly.RuntimeError); // it does trap
  });

  test.skipIf(absent)("exports every kernel with the operands of its signature", async () => {
    const { exports } = await bare();
    for (const name of kernelNames) {
      if (name === "chain") continue; // a list: run as a program
      const { inputs, outputs, params }: Signature = kernels[name];
      const count = inputs.length + outputs.length + (FORMED.has(name) ? 1 : params.length);
      expect([name, exports[name]?.length]).toEqual([name, count]);
    }
  });
});

test("the opcodes of asm/functions.ts are those of the table", async () => {
  const source = await readFile(new URL("../asm/functions.ts", import.meta.url), "utf8");
  const names = [...source.matchAll(/^ {2}(\w+),$/gm)].map(([, name]) => name);
  expect(names).toEqual(functionList.map(({ name }) => name));
});

describe("the wasm device", () => {
  test("says which binary it took and why", async () => {
    const automatic = await wasmDevice();
    expect(automatic.info.simd).toBe(canRelax ? "relaxed" : "plain");
    expect(automatic.info.reason).toBe(
      canRelax
        ? "wasm: relaxed SIMD, the fastest here"
        : "wasm: plain SIMD, as this runtime has no relaxed SIMD",
    );
    const exact = await wasmDevice({ deterministic: true });
    expect(exact.info.simd).toBe("plain");
    expect(exact.info.reason).toBe("wasm: plain SIMD, the same bits everywhere");
    await expect(wasmDevice({ simd: "relaxed", deterministic: true })).rejects.toThrow(DeviceError);
  });

  test.skipIf(canRelax)("refuses a binary that does not run here", async () => {
    await expect(wasmDevice({ simd: "relaxed" })).rejects.toThrow(
      'wasm: this runtime has no relaxed SIMD. Use simd: "plain".',
    );
  });

  test("computes with addresses above 2 GiB", async () => {
    const device = await wasmDevice();
    const low = device.allocate(2 ** 29 + 1, "float32"); // 2 GiB that nothing touches
    const data = Float32Array.from({ length: 70_001 }, (_, i) => i % 17);
    const block = (values: ArrayLike<number>, dtype: "float32" | "int32") => {
      const storage = device.allocate(values.length, dtype);
      device.write(storage, values);
      return storage;
    };
    const x = block(data, "float32");
    const out = device.allocate(data.length, "float32");
    device.run("map2", [x, x], [out], [functions.add.code, data.length, 1, data.length, 1, 1]);
    expect(await device.read(out)).toEqual(data.map((v) => v + data[0]));
    const total = device.allocate(1, "float32");
    device.run("sum", [x], [total], [1, data.length, 1]);
    expect(await device.read(total)).toEqual(new Float32Array([data.reduce((a, b) => a + b)]));
    const idx = block([70_000, 3, 16], "int32");
    const few = device.allocate(3, "float32");
    device.run("gather", [x, idx], [few], [1, data.length, 3, 1]);
    expect(await device.read(few)).toEqual(new Float32Array([data[70_000], 3, 16]));
    device.run("gather", [x, block([5], "int32")], [total], [1, data.length, 1, 1]);
    expect(() =>
      device.run("gather", [x, block([0, -2, 9], "int32")], [few], [1, 9, 3, 1]),
    ).toThrow(
      new IndexError("gather: index out of range: idx[1] is -2, the axis has 9. Use 0 to 8."),
    );
    device.release(low);
    device.dispose();
  });

  test.each([1, 2])("sums of millions of products keep their digits: %i columns", async (n) => {
    const device = await wasmDevice();
    const k = 8_000_000;
    const a = device.allocate(k, "float32");
    const b = device.allocate(k * n, "float32");
    const out = device.allocate(n, "float32");
    device.write(a, new Float32Array(k).fill(0.1));
    device.write(b, new Float32Array(k * n).fill(1));
    device.run("matmul", [a, b], [out], [1, 1, k, n, 0, 0, k, k * n]);
    const want = k * Math.fround(0.1);
    const most = (4096 + k / 4096) * 2 ** -24; // blocks of 4,096, then their sums: half an ulp each
    for (const y of await device.read(out)) expect(Math.abs(y - want) / want).toBeLessThan(most);
    device.dispose();
  });

  test("says what does not fit, and nothing has changed", async () => {
    const device = await wasmDevice();
    const kept = device.allocate(30 * 2 ** 20, "float32");
    device.write(kept, new Float32Array(kept.size).fill(3));
    expect(() => device.allocate(1.25 * 2 ** 30, "float32")).toThrow(
      new MemoryError(
        "allocate: 5.0 GiB does not fit: 120 MiB are in use and WebAssembly can address 4 GiB. " +
          "Free tensors or use smaller ones.",
      ),
    );
    expect(device.memory()).toMatchObject({ tensors: 1, bytes: kept.size * 4 });
    expect((await device.read(kept)).every((v) => v === 3)).toBe(true);
    device.release(device.allocate(2 ** 29, "float32")); // what fits is still given
    device.dispose();
  });

  test("a kernel without room for its scratch throws before it writes", async () => {
    const device = await wasmDevice();
    const n = 4 * 2 ** 20;
    const x = device.allocate(n, "float32");
    const out = device.allocate(n, "int32");
    const last = device.allocate(4, "int32");
    device.write(last, [7, 7, 7, 7]);
    const rest = device.allocate(2 ** 30 - 2 * n - 8 * 2 ** 20, "float32");
    expect(() => device.run("argsort", [x], [out], [1, n, 0])).toThrow(MemoryError);
    expect((await device.read(out))[n - 1]).toBe(0);
    expect(await device.read(last)).toEqual(new Int32Array([7, 7, 7, 7]));
    device.release(rest);
    device.run("argsort", [last], [out], [1, 4, 0]); // small sorts go on
    expect((await device.read(out)).slice(0, 4)).toEqual(new Int32Array([0, 1, 2, 3]));
    device.dispose();
  });

  test("a product without room leaves no trace of the chain that was a part of it", async () => {
    const device = await wasmDevice();
    const [rows, k, columns] = [64, 288, 512];
    const sizes = [rows * k, k * columns, rows * columns, rows * columns];
    const storages = sizes.map((size) => device.allocate(size, "float32"));
    const [a, b, y, tanh] = storages;
    const slots = storages.map(({ size, dtype }, bound) => ({ bound, offset: 0, size, dtype }));
    const params = [1, rows, k, columns, 0, 0, 0, 0];
    const n = rows * columns;
    const epilogue = {
      kernel: "chain" as const,
      inputs: [slots[2]],
      outputs: [slots[3]],
      params: [n, 1, 1, 1, 0, 0, 1, 1, n, n, functions.tanh.code, 0, 0, 0, 1],
    };
    const product = { kernel: "matmul" as const, params, epilogue };
    const [inputs, outputs] = [slots.slice(0, 2), [slots[2]]];
    const calls = [{ ...product, inputs, outputs }];
    const program = device.prepare({ calls, bound: slots.length, block: 0 });
    const small = [1, 32, 8, 64, 0, 0, 0, 0];
    device.run("matmul", [a, b], [y], small); // takes a page, which the chain finds
    device.write(tanh, new Float32Array(n).fill(7));
    const rest: Storage[] = [];
    for (let size = 2 ** 29; size >= 2 ** 12; ) {
      try {
        rest.push(device.allocate(size, "float32"));
      } catch {
        size /= 2;
      }
    }
    expect(() => program.run(storages)).toThrow(MemoryError);
    device.run("matmul", [a, b], [y], small);
    expect(await device.read(tanh)).toEqual(new Float32Array(n).fill(7));
    device.dispose();
  });
});
