// The fused ops through every suite of the table, on every device that needs no GPU: values against
// truth, gradients to order 3 against differences, fused against decomposed, compiled against
// eager, vmap against the loop.

import { afterAll, describe, test } from "vitest";
import { absentTests, findDevices } from "./devices";
import { batched } from "./suites/batched";
import { compiled } from "./suites/compiled";
import { decomposition } from "./suites/decomposition";
import { forward } from "./suites/forward";
import { gradients } from "./suites/gradients";
import { parity } from "./suites/parity";
import { leakFree } from "./suites/suite";
import { fusedRows } from "./table/fused";

const { present, absent } = await findDevices(["reference", "wasm", "wasm relaxed"]);

for (const { name, device } of present) {
  const report = leakFree(device, test);
  describe(`${name}: forward`, () => forward(device, report, fusedRows));
  describe(`${name}: fused = decomposed`, () => decomposition(device, report, fusedRows));
  describe(`${name}: compiled = eager`, () => compiled(device, report, fusedRows));
  if (name === "reference") {
    describe(`${name}: gradients to order 3`, () => gradients(device, report, fusedRows));
  } else {
    describe(`${name}: parity with the reference`, () => parity(device, report, fusedRows));
  }
  describe(`${name}: vmap = loop`, () => batched(device, report, fusedRows));
  afterAll(() => device.dispose());
}

absentTests(absent);
