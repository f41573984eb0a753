// Binds the table's suites to vitest on devices by name. One that is absent leaves a skipped test
// that names it, or a failed one where its presence is required.

import { afterAll, describe, test } from "vitest";
import { absentTests, findDevices } from "./devices";
import { compiled } from "./suites/compiled";
import { decomposition } from "./suites/decomposition";
import { forward } from "./suites/forward";
import { parity } from "./suites/parity";
import { leakFree } from "./suites/suite";

export async function onDevices(names: readonly string[]): Promise<void> {
  const { present, absent } = await findDevices(names);
  for (const { name, device } of present) {
    const report = leakFree(device, test);
    describe(`${name}: forward`, () => forward(device, report));
    describe(`${name}: parity with the reference`, () => parity(device, report));
    describe(`${name}: fused = decomposed`, () => decomposition(device, report));
    describe(`${name}: compiled = eager`, () => compiled(device, report));
    afterAll(() => device.dispose());
  }
  absentTests(absent);
}
