// Deno's own smoke test, run by `deno test` without any permission: gradients of two orders, a
// compiled step, a saved and loaded tree, on WebAssembly.

import assert from "node:assert/strict";
import test from "node:test";
import {
  compile,
  data,
  device,
  grad,
  init,
  key,
  mul,
  nn,
  sum,
  type Tensor,
  tensor,
} from "hypergrad";

const cube = (x: Tensor) => sum(mul(x, mul(x, x)));

test("wasm needs no permission, and its gradients are right at order two", async () => {
  await init({ device: "wasm" });
  assert.equal(device().name, "wasm");
  const second = grad((x: Tensor) => sum(grad(cube)(x)));
  assert.equal(await second(tensor([2])).item(), 12);
  assert.equal(await compile(second)(tensor([3])).item(), 18);
});

test("a tree comes back from its file as it was", async () => {
  await init({ device: "wasm" });
  const params = nn.linear(3, 2).init(key(0));
  const loaded = data.loadSafetensors(await data.saveSafetensors(params)) as typeof params;
  assert.deepEqual(await loaded.w.data(), await params.w.data());
});

test("a device that is not there is an error that says so", async () => {
  await assert.rejects(init({ device: "cuda" as never }), /unknown device/);
});
