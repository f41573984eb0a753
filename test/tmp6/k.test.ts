import { expect, test } from "vitest";
import { wasmDevice } from "/work/main/src/device/wasm/device";
import { attentionCases } from "/work/main/test/cases/attention";
import { recurrentCases } from "/work/main/test/cases/recurrent";
import { kernelSuite } from "/work/main/test/kernels.suite";

test("k", async () => {
  for (const simd of ["plain"] as const) {
    const r = await kernelSuite(await wasmDevice({ simd }), undefined, [
      ...recurrentCases,
      ...attentionCases,
    ]);
    console.log(r);
    expect(r.failures).toEqual([]);
  }
});
