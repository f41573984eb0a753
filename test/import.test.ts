// The import, as users write it: a script tag, four bundlers, Deno, Node and workers, each a small
// project with the built package in its node_modules, built and run.

import { execFile } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BrowserName, browserAbsence, launch, openIn } from "./browsers";
import { testWith } from "./devices";
import { EXPECTED, type Outcome } from "./fixtures-import/app";
import { bundlers, unbundled } from "./fixtures-import/bundlers";
import { ISOLATED, STRICT, serve } from "./pages";

const root = fileURLToPath(new URL("..", import.meta.url));
const chromiumAbsent = browserAbsence("chromium");
const built = existsSync(`${root}dist/modules/src/index.js`);
const execute = promisify(execFile);
const resolve = createRequire(import.meta.url).resolve;

// Outside of this project, so that its tsconfig.json does not point to the sources.
const home = mkdtempSync(join(tmpdir(), "hypergrad-import-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A new project with the fixture's files and the package as it is published. */
function project(name: string): string {
  const folder = join(home, name);
  mkdirSync(`${folder}/node_modules/hypergrad`, { recursive: true });
  cpSync(`${root}test/fixtures-import`, folder, { recursive: true });
  for (const path of ["dist", "package.json"]) {
    const filter = (file: string) => !file.endsWith(".map");
    cpSync(root + path, `${folder}/node_modules/hypergrad/${path}`, { recursive: true, filter });
  }
  return folder;
}

function right(outcome: Outcome): void {
  expect(outcome.values.length).toBe(EXPECTED.length);
  for (const [i, value] of outcome.values.entries()) expect(value).toBeCloseTo(EXPECTED[i], 3);
}

/** For a GPU that is software, on a machine that is busy. */
const SLOW = { timeout: 240_000 };

const PROGRAM = `
  import { init, grad, sum, mul, tensor } from "hypergrad";
  const device = await init({ device: "wasm" });
  const cube = (x) => sum(mul(x, mul(x, x)));
  const second = grad((x) => sum(grad(cube)(x)))(tensor([2]));
  console.log(JSON.stringify({ device: device.name, value: await second.item() }));`;

const deno = (() => {
  try {
    return join(dirname(resolve("deno/package.json")), "bin.cjs");
  } catch {
    return null;
  }
})();

async function output(folder: string, command: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await execute(command, args, { cwd: folder });
  return JSON.parse(stdout);
}

describe.skipIf(!built)("outside of a browser", () => {
  test("Node takes the package by name", async () => {
    const folder = project("node");
    writeFileSync(`${folder}/main.mjs`, PROGRAM);
    const got = await output(folder, process.execPath, "main.mjs");
    expect(got).toEqual({ device: "wasm", value: 12 });
  });

  test("Node's console shows what a tensor is, and an error's text before any code", async () => {
    const folder = project("console");
    writeFileSync(
      `${folder}/main.mjs`,
      `import { init, matmul, ones } from "hypergrad";
      await init({ device: "wasm" });
      const gone = ones([2]);
      gone.dispose();
      console.log({ w: ones([2, 3]), gone });
      matmul(ones([2, 3]), ones([2, 3]));`,
    );
    const failed = await execute(process.execPath, ["main.mjs"], { cwd: folder }).catch((e) => e);
    expect(failed.stdout).toBe(
      "{\n  w: [Tensor [2, 3] float32 on wasm],\n" +
        "  gone: [Tensor [2] float32 on wasm, freed by dispose()]\n}\n",
    );
    expect(failed.stderr).toContain("\nShapeError: matmul: inner sizes differ: a is [2, 3]");
    expect(failed.stderr.length).toBeLessThan(4000);
  });

  test("Node takes the namespaces by their names: the same objects", async () => {
    const folder = project("namespaces");
    const names = ["data", "meta", "nn", "optim", "search"];
    const compared = names.map(
      (name) => `same(library.${name}, await import("hypergrad/${name}"))`,
    );
    const same = "(a, b) => Object.keys(a).every((key) => a[key] === b[key])";
    writeFileSync(
      `${folder}/main.mjs`,
      `import * as library from "hypergrad";
      const same = ${same};
      console.log(JSON.stringify([${compared}]));`,
    );
    const got = await output(folder, process.execPath, "main.mjs");
    expect(got).toEqual(names.map(() => true));
  });

  test.skipIf(deno === null)("Deno takes a file URL, without any permission", async () => {
    const folder = project("deno-file");
    const url = pathToFileURL(`${folder}/node_modules/hypergrad/dist/index.js`).href;
    writeFileSync(`${folder}/main.js`, PROGRAM.replace('"hypergrad"', JSON.stringify(url)));
    const got = await output(folder, process.execPath, deno!, "run", "--no-prompt", "main.js");
    expect(got).toEqual({ device: "wasm", value: 12 });
  });

  test.skipIf(deno === null)("Deno takes npm:hypergrad, without any permission", async () => {
    const folder = project("deno-npm");
    const config = { type: "module", dependencies: { hypergrad: "0.1.0" } };
    writeFileSync(`${folder}/package.json`, JSON.stringify(config));
    writeFileSync(`${folder}/main.js`, PROGRAM.replace('"hypergrad"', '"npm:hypergrad@0.1.0"'));
    const flags = ["--no-prompt", "--node-modules-dir=manual", "--cached-only"];
    const got = await output(folder, process.execPath, deno!, "run", ...flags, "main.js");
    expect(got).toEqual({ device: "wasm", value: 12 });
  });

  test.each(["bundler", "nodenext"])(
    "its types resolve with moduleResolution %s",
    SLOW,
    async (way) => {
      const folder = project(`types-${way}`);
      const tsc = resolve("typescript/bin/tsc");
      const module = way === "bundler" ? "esnext" : "nodenext";
      const flags = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom,esnext"];
      const args = [...flags, "--module", module, "--moduleResolution", way, "app.ts"];
      const app = readFileSync(`${folder}/app.ts`, "utf8");
      const layer = "linear(2, 3) satisfies nn.Layer<nn.LinearParams>;";
      const part = `import { linear } from "hypergrad/nn";\n${layer}\n`;
      writeFileSync(`${folder}/app.ts`, `import type { nn } from "hypergrad";\n${part}${app}`);
      await execute(process.execPath, [tsc, ...args], { cwd: folder });
      // A control: the types are those of the library, so that a wrong call is an error, and so is
      // what is internal.
      for (const wrong of ['tensor("text").shape satisfies string', "tensor(1).storage"]) {
        writeFileSync(`${folder}/app.ts`, `import { tensor } from "hypergrad";\n${wrong};\n`);
        await expect(execute(process.execPath, [tsc, ...args], { cwd: folder })).rejects.toThrow();
      }
    },
  );
});

/** A page that takes the single file by a script tag. */
function plainPage(name: string): string {
  const folder = project(name);
  cpSync(`${root}dist/index.js`, `${folder}/hypergrad.js`);
  const tag = '<script type="module" src="./page.js"></script>';
  writeFileSync(`${folder}/index.html`, `<!doctype html><title>plain</title>${tag}`);
  return folder;
}

const inBrowser = describe.skipIf(!built || chromiumAbsent !== null);
inBrowser(`in Chromium${chromiumAbsent ? ` (absent: ${chromiumAbsent})` : ""}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  /** Opens a folder's page; whatever it complains about is an error. */
  async function open<T>(folder: string, headers: object, use: (page: Page) => Promise<T>) {
    const served = await serve(folder, { ...headers });
    const page = await browser.newPage();
    page.setDefaultTimeout(SLOW.timeout);
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    try {
      await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
      await page.goto(served.url);
      return { value: await use(page), complaints };
    } finally {
      await page.close();
      await served.close();
    }
  }

  const call = async (page: Page, name: string, options: object): Promise<Outcome> => {
    await page.waitForFunction(`typeof ${name} === "function"`);
    return page.evaluate(`${name}(${JSON.stringify(options)})`) as Promise<Outcome>;
  };

  describe.each(bundlers)("bundled by $name", ({ name, absent, bundle }) => {
    test.skipIf(absent !== null)("runs in the page and in a worker", SLOW, async () => {
      const folder = project(name);
      await bundle(folder);
      const { value, complaints } = await open(`${folder}/out`, ISOLATED, async (page) => [
        await call(page, "run", { device: "wasm" }),
        await call(page, "runInWorker", { device: "wasm", threads: 2 }),
        await call(page, "runInWorker", { device: "webgpu" }),
      ]);
      for (const outcome of value) right(outcome);
      expect(value.map(({ device }) => device)).toEqual(["wasm", "wasm", "webgpu"]);
      expect(value[1].threads).toBe(2);
      expect(complaints).toEqual([]);
      // What one device needs is in the first chunk, the shaders of the other are not.
      const files = readdirSync(`${folder}/out`, { recursive: true, encoding: "utf8" });
      expect(files.filter((file) => file.endsWith(".js")).length).toBeGreaterThan(2);
    });
  });

  test("a script tag and the single file, with evaluation forbidden", SLOW, async () => {
    const folder = plainPage("script-tag");
    await unbundled(folder);
    const headers = { ...ISOLATED, ...STRICT };
    const { value, complaints } = await open(folder, headers, async (page) => {
      const forbidden = await page.evaluate(`try { eval("1") } catch (error) { error.name }`);
      return {
        forbidden,
        outcomes: [
          await call(page, "run", { device: "wasm" }),
          await call(page, "run", { device: "wasm", threads: 2 }),
          await call(page, "runInWorker", { device: "wasm", threads: 2 }),
          await call(page, "runInWorker", { device: "webgpu" }),
        ],
      };
    });
    for (const outcome of value.outcomes) right(outcome);
    expect(value.outcomes.map(({ threads }) => threads)).toEqual([1, 2, 2, 1]);
    expect(value.outcomes[3].device).toBe("webgpu");
    expect(complaints).toEqual([]);
  });

  test("without 'wasm-unsafe-eval' it cannot run, and says what forbids it", async () => {
    const folder = plainPage("too-strict");
    await unbundled(folder);
    const headers = { "Content-Security-Policy": "default-src 'self'" };
    const { value } = await open(folder, headers, async (page) => {
      await page.waitForFunction('typeof run === "function"');
      return page.evaluate(`run({ device: "wasm" }).catch(({ message }) => message)`);
    });
    expect(value).toMatch(/wasm-unsafe-eval|Content Security Policy/);
  });
});

/** With two threads asked for, those that start: WebKitGTK has no shared memory. */
describe.skipIf(!built).each<[BrowserName, number]>([
  ["firefox", 2],
  ["webkit", 1],
])("in %s", (name, threads) => {
  const absent = browserAbsence(name);
  testWith(
    absent,
    "a script tag and the single file, with evaluation forbidden",
    async () => {
      const folder = plainPage(`script-tag-${name}`);
      await unbundled(folder);
      const script = `
        const outcomes = [];
        for (const threads of [1, 2]) {
          for (const call of [run, runInWorker]) {
            outcomes.push(await call({ device: "wasm", threads }).catch(String));
          }
        }
        await fetch("/", { method: "POST", body: JSON.stringify(outcomes) });`;
      writeFileSync(`${folder}/tell.js`, script);
      appendFileSync(`${folder}/index.html`, '<script type="module" src="./tell.js"></script>');
      let tell = (_told: unknown) => {};
      const told = new Promise((done) => {
        tell = done;
      });
      const served = await serve(folder, { ...ISOLATED, ...STRICT }, (message) => tell(message));
      const page = await openIn[name](served.url, false);
      try {
        const outcomes = (await Promise.race([told, page.ended])) as Outcome[];
        expect(outcomes.map((o) => o.threads)).toEqual([1, 1, threads, threads]);
        for (const outcome of outcomes) right(outcome);
      } finally {
        await page.stop();
        await served.close();
      }
    },
    SLOW.timeout,
  );
});
