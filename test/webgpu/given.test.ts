// A WebGPU that only init() is given, as Node's `webgpu` package makes one: the device keeps it,
// or Dawn would take its instance away with the object that nobody else holds.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { absence, dawnEnvironment } from "./runners";

const file = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
const absent = absence("node");
const name = `webgpu in node: a WebGPU that was given and let go${absent ? ` (${absent})` : ""}`;

test.skipIf(absent !== null || !existsSync(file))(name, { timeout: 120_000 }, async () => {
  const dawn = pathToFileURL(createRequire(import.meta.url).resolve("webgpu")).href;
  const script = `
    import { create, globals } from ${JSON.stringify(dawn)};
    import { add, init, tensor } from ${JSON.stringify(pathToFileURL(file).href)};
    Object.assign(globalThis, globals);
    await init({ device: "webgpu", gpu: create([]) });
    for (let i = 0; i < 3; i++) {
      gc();
      await new Promise((done) => setTimeout(done, 20));
    }
    console.log(JSON.stringify(await add(tensor([1, 2]), 1).array()));
    process.exit(0);`;
  const args = ["--expose-gc", "--input-type=module", "-e", script];
  const env = { ...process.env, ...dawnEnvironment() };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 60_000 });
  expect(JSON.parse(stdout)).toEqual([2, 3]);
});
