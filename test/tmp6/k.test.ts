import { expect, test } from "vitest";
import { wasmDevice } from "/work/main/src/device/wasm/device";
import { kernelSuite } from "/work/main/test/kernels.suite";
import { recurrentCases } from "/work/main/test/cases/recurrent";
import { attentionCases } from "/work/main/test/cases/attention";
test("k", async () => {
  for (const simd of ["plain"] as const) {
    const r = await kernelSuite(await wasmDevice({ simd }), undefined, [...recurrentCases, ...attentionCases]);
    console.log(r);
    expect(r.failures).toEqual([]);
  }
});
