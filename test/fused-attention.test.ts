// Attention beyond its rows of the table: sequences of several blocks, how much memory it takes,
// what a query that sees nothing gives, and what it says to inputs that do not fit.

import { afterAll, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import { attention } from "../src/fused/attention";
import { attentionSteps } from "../src/fused/attentionSteps";
import { grad } from "../src/grad/grad";
import { hvp } from "../src/grad/jvp";
import { mul } from "../src/ops/arithmetic";
import { sin } from "../src/ops/math";
import { key, normal, split } from "../src/ops/random";
import { sum } from "../src/ops/reduce";
import { tensor } from "../src/tensor/create";
import { zeros } from "../src/tensor/fill";
import { dispose, scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { findDevices } from "./devices";
import { largest } from "./fixture";

const { present } = await findDevices();

/** q, k and v. */
function operands(n: number, tq: number, tk: number, d: number): Tensor[] {
  return scope(() => {
    const keys = split(key(5), 3);
    return [tq, tk, tk].map((t, i) => normal(keys[i], [n, t, d]));
  });
}

describe.each(present)("$name", ({ name, device }) => {
  test.each([
    ["all keys", false],
    ["causal", true],
  ])(
    "over several blocks it is its decomposition, and so are its gradients: %s",
    async (_, causal) => {
      setDevice(device);
      const xs = operands(1, 70, 300, 3);
      const mask = tensor(
        Int32Array.from({ length: 300 }, (_, j) => (j % 7 === 0 ? 0 : 1)),
        [1, 300],
        "bool",
      );
      const fused = ([q, k, v]: Tensor[]) => attention(q, k, v, { mask, causal });
      const steps = ([q, k, v]: Tensor[]) =>
        attentionSteps({ q, k, v, mask, causal, scale: 1 / Math.sqrt(3) });
      const results = async (f: typeof fused) => {
        const loss = (list: Tensor[]) => sum(sin(f(list)));
        const list = [f(xs), ...grad(loss)(xs), ...hvp(loss, xs, xs)];
        return Promise.all(list.map((t) => t.data()));
      };
      const [got, want] = [await results(fused), await results(steps)];
      const rate = name === "reference" ? 1e-9 : 1e-4;
      for (const [i, list] of want.entries()) {
        const error = largest(Array.from(got[i], (v, j) => v - list[j]));
        expect(error).toBeLessThanOrEqual(rate * largest(list));
      }
    },
  );

  test("a query that sees nothing gives 0 and takes no gradient", async () => {
    setDevice(device);
    const xs = operands(1, 2, 3, 2);
    const mask = tensor([0, 0, 0, 1, 1, 0], [2, 3], "bool");
    const f = ([q, k, v]: Tensor[]) => attention(q, k, v, { mask });
    const y = await f(xs).data();
    expect(largest(y.slice(0, 2))).toBe(0);
    expect(largest(y.slice(2))).toBeGreaterThan(0);
    const [dq] = grad((list: Tensor[]) => sum(mul(f(list), f(list))))(xs);
    const data = await dq.data();
    expect(largest(data.slice(0, 2))).toBe(0);
    expect(largest(data.slice(2))).toBeGreaterThan(0);
  });

  test.runIf(name !== "reference")("a long sequence takes no memory for all scores", () => {
    setDevice(device);
    const t = 1024;
    const xs = operands(1, t, t, 4);
    device.resetPeak();
    const before = device.memory().bytes;
    const gradient = grad((list: Tensor[]) => sum(attention(list[0], list[1], list[2])));
    dispose(gradient(xs));
    const scores = t * t * 4;
    expect(device.memory().peakBytes - before).toBeLessThan(scores / 10);
    dispose(xs);
  });
});

test("errors say what does not fit", () => {
  setDevice(present[0].device);
  const q = zeros([2, 3, 4]);
  const says = (f: () => unknown, text: string) => expect(f).toThrow(text);
  expect(attention(q, q, q).shape).toEqual([2, 3, 4]);
  says(
    () => attention(q, zeros([2, 3, 5]), q),
    "attention: sizes do not fit: q is [2, 3, 4], k is [2, 3, 5], v is [2, 3, 4]. " +
      "Give q [..., tq, d], k [..., tk, d], v [..., tk, dv].",
  );
  says(
    () => attention(q, q, q, { mask: zeros([4, 3], "bool") }),
    "attention: the mask does not fit: mask is [4, 3], scores are [2, 3, 3]. " +
      "It must broadcast to them.",
  );
  says(
    () => attention(q, q, q, { mask: zeros([3, 3]) }),
    'attention: the mask is float32, not bool. Use a comparison, or cast(mask, "bool").',
  );
});

afterAll(() => {
  for (const { device } of present) device.dispose();
});
