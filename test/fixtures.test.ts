// Values, gradients, Hessian products, third derivatives and meta-gradients against another
// engine's float64 ones: within 1e-8 on the reference device and 1e-4 on float32 devices, relative
// to the largest of each array; eager and compiled.

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { dispose, scope } from "../src/tensor/scope";
import type { Tree } from "../src/tensor/tree";
import { findDevices } from "./devices";
import { type Fixture, folder, load, near, tensors } from "./fixtures/fixture";
import { type Model, models } from "./fixtures/models";

const names = ["reference", "wasm", "wasm relaxed"];
const { present, absent } = await findDevices(names);

/** The files' numbers have nine digits: 5e-10 of the largest is their own rounding. */
const rateOf = (device: string) => (device === "reference" ? 1e-8 : 1e-4);

const inputsOf = ({ inputs, attrs }: Fixture, { scalars }: Model): Tree => {
  const extra = Object.entries(scalars?.(attrs) ?? {}).map(([name, v]) => [name, tensor(v)]);
  return { ...tensors<{ readonly [name: string]: Tree }>(inputs), ...Object.fromEntries(extra) };
};

for (const { name: on, device } of present) {
  describe(`${on}: fixtures`, () => {
    beforeEach(() => setDevice(device));
    afterAll(() => device.dispose());

    for (const [name, model] of Object.entries(models)) {
      const fixture = load(name);
      if (fixture === null) {
        test.skip(`${name}: absent: no ${folder}/${name}.json; set HYPERGRAD_FIXTURES`);
        continue;
      }
      test(`${name}, eager`, async () => {
        const before = device.memory().tensors;
        const inputs = inputsOf(fixture, model);
        const found = scope(() => model.run(inputs, fixture.attrs));
        await near(found, fixture.expected, rateOf(on));
        dispose([inputs, found]);
        expect(device.memory().tensors).toBe(before);
      });
      test(`${name}, compiled`, async () => {
        const before = device.memory().tensors;
        const inputs = inputsOf(fixture, model);
        const step = compile((given: Tree) => model.run(given, fixture.attrs));
        for (let run = 0; run < 2; run++) {
          const found = step(inputs);
          await near(found, fixture.expected, rateOf(on));
          dispose(found);
        }
        expect(step.stats().programs).toBe(1);
        step.dispose();
        dispose(inputs);
        expect(device.memory().tensors).toBe(before);
      });
    }
  });
}

for (const { name, how } of absent) test.skip(`${name}: absent: ${how}`);

test("a value that is off by more than the rate is found, and one inside is not", async () => {
  setDevice(referenceDevice());
  const want = { a: { dtype: "float32", shape: [2], data: [1, 100] } };
  await near({ a: tensor([1 + 0.9e-6, 100]) }, want, 1e-8);
  await expect(near({ a: tensor([1 + 1.1e-6, 100]) }, want, 1e-8)).rejects.toThrow(
    /^\.a: element 0 is 1\.0000011, should be 1: off by 1\.\d+e-8 of the largest, allowed 1e-8$/,
  );
  await expect(near({ a: tensor([1]) }, want, 1e-8)).rejects.toThrow("shape [1]");
});
