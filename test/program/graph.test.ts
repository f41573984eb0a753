// What a program shows of itself: its graph as data, and as a page that a browser can read.

import { afterAll, beforeAll, expect, test } from "vitest";
import { withPage } from "../../bench/chromium";
import { setDevice } from "../../src/device/current";
import type { Device } from "../../src/device/device";
import { wasmDevice } from "../../src/device/wasm/device";
import { grad } from "../../src/grad/index";
import * as ops from "../../src/ops/index";
import { compile } from "../../src/program/compile";
import { graphPage } from "../../src/program/graphPage";
import { tensor } from "../../src/tensor/create";
import { dispose } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";
import { absence } from "../webgpu/runners";

let device: Device;
beforeAll(async () => {
  device = await wasmDevice();
  setDevice(device);
});
afterAll(() => device.dispose());

const data = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i) / 2);

/** A step of order two, `deep` products long, run once. */
function ran(deep: number, profile: boolean) {
  const f = (w: Tensor, x: Tensor) => {
    let y = x;
    for (let i = 0; i < deep; i++) y = ops.tanh(ops.matmul(y, w));
    return ops.mean(ops.square(y));
  };
  const inner = (w: Tensor, x: Tensor) => f(ops.sub(w, ops.mul(grad(f)(w, x), 0.1)), x);
  const step = compile(grad(inner), { profile });
  dispose(step(tensor(data(16), [4, 4]), tensor(data(20), [5, 4])));
  return step;
}

test("graph() tells op, shape, bytes, order, lifetime, and time where it was taken", () => {
  const step = ran(3, true);
  const { nodes, outputs, calls, bytes } = step.graph();
  expect({ calls, bytes }).toEqual({ calls: step.stats().kernels, bytes: step.stats().bytes });
  expect(outputs).toHaveLength(1);
  expect(nodes.find(({ id }) => id === outputs[0])).toMatchObject({ shape: [4, 4], bytes: 64 });
  expect(new Set(nodes.map(({ order }) => order))).toEqual(new Set([0, 1, 2]));
  const places = new Map(nodes.map(({ id }, i) => [id, i]));
  for (const [i, { inputs, lifetime, ms, op }] of nodes.entries()) {
    for (const id of inputs) expect(places.get(id)).toBeLessThan(i);
    if (lifetime !== null) expect(lifetime[1]).toBeGreaterThanOrEqual(lifetime[0]);
    if (op === "matmul") expect(ms).toBeGreaterThanOrEqual(0);
  }
  expect(
    ran(3, false)
      .graph()
      .nodes.every(({ ms }) => ms === null),
  ).toBe(true);
});

test("a page holds the graph and fetches nothing; title and data cannot break out", () => {
  const view = ran(2, false).graph();
  const [first, ...rest] = view.nodes;
  const odd = { ...view, nodes: [{ ...first, op: "</script><b>" }, ...rest] };
  const page = graphPage(odd, { title: "<i> & co" });
  expect(page).toContain("<title>&lt;i&gt; &amp; co</title>");
  expect(page.match(/<\/script>/g)).toHaveLength(2);
  expect(page).not.toMatch(/(src|href)=|https?:/);
});

const missing = absence("chromium");
const name = missing === null ? "" : ` (${missing})`;

test.skipIf(missing !== null)(
  `the page answers clicks, keys and searches, with thousands of nodes${name}`,
  async () => {
    const view = ran(300, true).graph();
    expect(view.nodes.length).toBeGreaterThan(2000);
    const page = graphPage(view, { title: "deep" });
    await withPage("about:blank", async (tab) => {
      const errors: string[] = [];
      tab.on("pageerror", (error) => errors.push(error.message));
      await tab.setViewportSize({ width: 1000, height: 700 });
      await tab.setContent(page);
      const chosen = () => tab.textContent("#detail h2");
      const result = view.nodes.find(({ id }) => id === view.outputs[0])!;
      expect(await chosen()).toBe(`${result.op} #${result.id}, a result`);
      // Up goes to the first input.
      await tab.focus("#graph");
      await tab.keyboard.press("ArrowUp");
      expect(await chosen()).toContain(`#${result.inputs[0]}`);
      // A search goes to the next that matches, and around the end.
      await tab.keyboard.press("/");
      await tab.keyboard.type(`#${view.nodes[0].id}`);
      await tab.keyboard.press("Enter");
      expect(await chosen()).toContain(`${view.nodes[0].op} #${view.nodes[0].id}`);
      await tab.selectOption("#largest", { index: 1 });
      const largest = await chosen();
      const most = Math.max(...view.nodes.map(({ bytes }) => bytes));
      expect(await tab.textContent("#detail dl")).toContain(`bytes${most} B`);
      await tab.focus("#graph");
      await tab.keyboard.press("ArrowDown");
      expect(await chosen()).not.toBe(largest);
      const box = (await tab.locator("#graph").boundingBox())!;
      const clicked = new Set<string | null>();
      for (let y = -60; y <= 60; y += 8) {
        await tab.mouse.click(box.x + box.width / 2, box.y + box.height / 2 + y);
        clicked.add(await chosen());
      }
      expect(clicked.size).toBeGreaterThan(1);
      const text = (await tab.textContent("#detail"))!;
      for (const word of ["op", "shape", "bytes", "order", "alive", "time"]) {
        expect(text).toContain(word);
      }
      const drawn = await tab.evaluate(() => {
        const canvas = document.getElementById("graph") as HTMLCanvasElement;
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        return data.reduce((n, v) => n + (v > 0 ? 1 : 0), 0);
      });
      expect(drawn).toBeGreaterThan(10_000);
      expect(errors).toEqual([]);
    });
  },
  120_000,
);
