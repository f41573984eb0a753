// The table on the reference device: values against truth, gradients to order 3 against central
// differences, fused against decomposed, compiled against eager.

import { afterAll, describe, expect, test } from "vitest";
import { referenceDevice } from "../src/device/reference/device";
import { compiled } from "./suites/compiled";
import { decomposition } from "./suites/decomposition";
import { forward } from "./suites/forward";
import { gradients } from "./suites/gradients";
import { leakFree } from "./suites/suite";
import { table } from "./table";

const device = referenceDevice();
const report = leakFree(device, test);

test("row names differ", () => {
  expect(new Set(table.map((row) => row.name)).size).toBe(table.length);
});

describe("reference: forward", () => forward(device, report));
describe("reference: gradients to order 3", () => gradients(device, report));
describe("reference: fused = decomposed", () => decomposition(device, report));
describe("reference: compiled = eager", () => compiled(device, report));

afterAll(() => device.dispose());
