// The table under vmap, on the reference device and on WebAssembly.

import { afterAll, describe, expect, test } from "vitest";
import { findDevices } from "./devices";
import { batched } from "./suites/batched";
import { watch } from "./suites/closure";
import { leakFree } from "./suites/suite";

const { present } = await findDevices(["reference", "wasm"]);
test("every op of a row or of its gradients has a batching rule", () => {
  const { inValues, inGradients } = watch(present[0].device);
  const all = [...new Set([...inValues, ...inGradients])];
  expect(all.length).toBeGreaterThan(60);
  const without = all.filter((op) => op.kind !== "elementwise" && op.batch === undefined);
  expect(without.map((op) => op.name)).toEqual([]);
});

for (const { name, device } of present) {
  describe(`${name}: vmap = loop`, () => batched(device, leakFree(device, test)));
  afterAll(() => device.dispose());
}
