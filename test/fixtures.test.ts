// Values, gradients, Hessian products, third derivatives and meta-gradients against another
// engine's float64 ones: within 1e-8 on the reference device and 1e-4 on float32 devices, relative
// to the largest of each array; eager and compiled.

import { afterAll, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { tensor } from "../src/tensor/create";
import { absentTests, findDevices } from "./devices";
import { compiled, eager } from "./fixtures/checks";
import { near, parse } from "./fixtures/fixture";
import { folder, textOf } from "./fixtures/folder";
import { models } from "./fixtures/models";

const { present, absent } = await findDevices(["reference", "wasm", "wasm relaxed"]);

for (const { name: on, device } of present) {
  describe(`${on}: fixtures`, () => {
    afterAll(() => device.dispose());

    for (const [name, model] of Object.entries(models)) {
      const text = textOf(name);
      if (text === null) {
        test.skip(`${name}: absent: no ${folder}/${name}.json; set HYPERGRAD_FIXTURES`);
        continue;
      }
      test(`${name}, eager`, () => eager(device, parse(text), model));
      test(`${name}, compiled`, () => compiled(device, parse(text), model));
    }
  });
}

absentTests(absent);

test("a value that is off by more than the rate is found, and one inside is not", async () => {
  setDevice(referenceDevice());
  const want = { a: { dtype: "float32", shape: [2], data: [1, 100] } };
  await near({ a: tensor([1 + 0.9e-6, 100]) }, want, 1e-8);
  await expect(near({ a: tensor([1 + 1.1e-6, 100]) }, want, 1e-8)).rejects.toThrow(
    /^\.a: element 0 is 1\.0000011, should be 1: off by 1\.\d+e-8 of the largest, allowed 1e-8$/,
  );
  await expect(near({ a: tensor([1]) }, want, 1e-8)).rejects.toThrow("shape [1]");
});
