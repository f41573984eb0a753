// Every error word for word, each beside a control that passes: thrown before anything is
// allocated, on every device. And the errors of freed tensors, full memory, devices and copies.

import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { device, setDevice } from "../src/device/current";
import { init } from "../src/device/init";
import { referenceDevice } from "../src/device/reference/device";
import { add, exp, mul, square, sum } from "../src/ops/index";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { ones } from "../src/tensor/fill";
import { scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { absentTests, findDevices } from "./devices";
import { calling } from "./errors/calling";
import type { ErrorCase } from "./errors/case";
import { computing } from "./errors/computing";
import { giving } from "./errors/giving";
import { images } from "./errors/images";
import { learning } from "./errors/learning";
import { indexing, moving } from "./errors/moving";

const { present, absent } = await findDevices(["reference", "wasm", "wasm relaxed"]);

const cases: readonly ErrorCase[] = [
  ...computing,
  ...images,
  ...moving,
  ...indexing,
  ...calling,
  ...learning,
  ...giving,
];

function thrownBy(f: () => unknown): Error {
  try {
    f();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

for (const { name: on, device: used } of present) {
  describe(`${on}: errors`, () => {
    beforeEach(() => setDevice(used));

    test.each(cases)("%s: %s", (kind, text, bad, good) => {
      const before = used.memory();
      const error = scope(() => thrownBy(bad));
      expect(error.message).toBe(text);
      expect(error.name).toBe(kind);
      expect(used.memory().tensors).toBe(before.tensors);
      scope(() => void good());
    });

    test("a freed tensor", async () => {
      let gone: Tensor | undefined;
      const kept = scope(() => {
        gone = square(ones([2]));
        return square(gone);
      });
      const text =
        "exp: this tensor was freed when its scope ended. Return it from scope() or keep(t) it.";
      expect(thrownBy(() => exp(gone!)).message).toBe(text);
      exp(kept).dispose();
      kept.dispose();
      expect(thrownBy(() => exp(kept)).message).toBe(
        "exp: this tensor was freed by dispose(). Use it before it is freed.",
      );
      await expect(kept.item()).rejects.toThrow(
        "item: not one element: the shape is [2], 2 elements. Use data() or array().",
      );
      await expect(kept.data()).rejects.toThrow(
        "data: this tensor was freed by dispose(). Use it before it is freed.",
      );
    });

    test("a value read inside a compiled function", async () => {
      const asked: Promise<number>[] = [];
      const step = compile((x: Tensor) => {
        asked.push(sum(x).item());
        return x;
      });
      step(ones([2])).dispose();
      step.dispose();
      await expect(asked[0]).rejects.toThrow(
        "data: a value was read inside compile: tensor [] has a shape there and no data yet. " +
          "Return it from the function and read it outside.",
      );
      await expect(sum(ones([2])).item()).resolves.toBe(2);
    });

    test("a donated tensor used again", () => {
      const step = compile((x: Tensor) => mul(x, 2), { donate: [0] });
      const x = tensor([1, 2]);
      step(x).dispose();
      expect(thrownBy(() => exp(x)).message).toBe(
        "exp: this tensor was freed by a compiled step it was donated to. Use it before it is " +
          "freed.",
      );
      step.dispose();
    });

    test("tensors of two devices", () => {
      const other = referenceDevice();
      const here = tensor([1]);
      setDevice(other);
      const there = tensor([1]);
      expect(thrownBy(() => add(here, there)).message).toBe(
        `add: inputs live on two devices: ${used.name} and reference. Upload one again: ` +
          "tensor(await t.data(), t.shape).",
      );
      add(there, there).dispose();
      other.dispose();
      expect(thrownBy(() => add(there, there)).message).toMatch(
        "the reference device was disposed. Call init() again.",
      );
      here.dispose();
    });

    test("more elements than any device gives", () => {
      const before = used.memory();
      const huge = ones([2 ** 40]); // one number, repeated
      expect(thrownBy(() => square(huge)).message).toBe(
        "allocate: too many elements: 1099511627776 asked for, at most 2147483648 in one tensor. " +
          "Use smaller tensors.",
      );
      expect(used.memory()).toEqual(before);
    });

    test.runIf(used.name === "wasm")(
      "5 GiB asked for: nothing of the user's is freed",
      async () => {
        const mine = tensor([1, 2, 3]);
        const before = used.memory();
        const huge = ones([5 * 2 ** 28]);
        const error = thrownBy(() => square(huge));
        expect(error.name).toBe("MemoryError");
        expect(error.message.replace(/\d+ bytes/, "n bytes")).toBe(
          "allocate: 5.0 GiB does not fit: n bytes are in use and WebAssembly can address 4 GiB. " +
            "Free tensors or use smaller ones.",
        );
        expect(used.memory()).toEqual(before);
        expect([...(await square(mine).data())]).toEqual([1, 4, 9]);
      },
    );
  });

  afterAll(() => used.dispose());
}

absentTests(absent);

describe("choosing a device", () => {
  test("an unknown name, beside a known one", async () => {
    await expect(init({ device: "gpu" as "wasm" })).rejects.toThrow(
      'init: unknown device: "gpu". Use "auto", "webgpu", "wasm", "reference".',
    );
    const made = await init({ device: "reference" });
    expect(made.name).toBe("reference");
    expect(device()).toBe(made);
    made.dispose();
  });

  test("no number of threads", async () => {
    await expect(init({ device: "wasm", threads: 0 })).rejects.toThrow(
      "init: threads is no whole number from 1: 0. Use 1 or more.",
    );
    const made = await init({ device: "wasm", threads: 1 });
    expect(made.name).toBe("wasm");
    made.dispose();
  });

  test("options that there are not", async () => {
    const names = "device, threads, deterministic, gpu, selfTest, tiles";
    await expect(init("wasm" as never)).rejects.toThrow(
      `init: the options are no object: wasm. Write { ${names} }.`,
    );
    await expect(init({ backend: "wasm" } as never)).rejects.toThrow(
      `init: unknown option: backend. Use ${names}.`,
    );
  });

  test("webgpu asked for where there is none", async () => {
    const none = { requestAdapter: async () => null } as unknown as GPU;
    await expect(init({ device: "webgpu", gpu: none })).rejects.toThrow(
      'init: no WebGPU adapter here (requestAdapter() gave null). Use init({ device: "wasm" }).',
    );
  });

  test("none chosen yet", async () => {
    vi.resetModules();
    const fresh = await import("../src/device/current");
    expect(() => fresh.device()).toThrow(
      "device: none chosen yet. Call `await init()` once at the start.",
    );
    fresh.setDevice(referenceDevice());
    expect(fresh.device().name).toBe("reference");
  });
});

describe("two copies of the library", () => {
  const TEXT =
    "a tensor of another copy of hypergrad: two copies are loaded, and their tensors do not mix. " +
    "Import it from one place.";

  test("are refused wherever a tensor of the other comes in", async () => {
    const one = await import("../src/index");
    vi.resetModules();
    const two = await import("../src/index");
    expect(two.add).not.toBe(one.add);
    await one.init({ device: "reference" });
    await two.init({ device: "reference" });
    const mine = one.tensor([1, 2]);
    const other = two.tensor([1, 2]) as unknown as typeof mine;
    const bad: [string, () => unknown][] = [
      ["add", () => one.add(mine, other)],
      ["exp", () => one.exp(other)],
      ["matmul", () => one.matmul(one.ones([2, 2]), two.ones([2, 2]) as unknown as typeof mine)],
      ["reshape", () => one.reshape(other, [2, 1])],
      ["sum", () => one.sum(other)],
      ["concat", () => one.concat([mine, other])],
      ["tensor", () => one.tensor(other as unknown as number)],
      ["grad", () => one.grad((x: typeof mine) => one.sum(x))(other)],
      ["grad", () => one.grad(() => two.sum(other as never) as unknown as typeof mine)(mine)],
      ["leaves", () => one.leaves({ a: other })],
    ];
    for (const [op, call] of bad) {
      const error = thrownBy(call);
      expect(`${op}: ${error.message}`).toBe(`${op}: ${op}: ${TEXT}`);
      expect(error.name).toBe("DeviceError");
    }
    // The control: each copy with its own.
    expect(await one.sum(mine).item()).toBe(3);
    expect(await two.sum(other as never).item()).toBe(3);
  });
});
