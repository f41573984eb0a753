// npm run bench:peers: this library and its peers side by side, in one process, on the same
// numbers, checked against each other. Bundles bench/against with the peers and starts it where
// asked.

import { readFile, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { resultIn, serve, withPage } from "./chromium";
import type { Result } from "./results";
import { bundle, here, installPeers, RUNTIMES, type Runtime, runThere } from "./runtimes";
import { keepRun, machine, version } from "./store";

const HELP = `npm run bench:peers -- [options]
  --runtime NAME     node24 (default), node (this one), deno or chromium
  --only REGEX       contests whose name it matches
  --sides REGEX      of plain, tfjs-cpu, tfjs, jax, ort, torch
  --device NAME      wasm (default) or webgpu
  --deterministic    our plain SIMD binary, also where relaxed SIMD is there
  --slow             also the rows in which some side takes minutes
  --quick            fewer samples
  --clock cpu        CPU time instead of wall time, on a machine that others use too (not Chromium)
  --json FILE        keep the figures
  --correctness FILE run every op at orders 0 to 3 on every side, and write the table
`;

/** Takes `--name value` out of the arguments. */
function take(args: string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, 2)[1];
}

/** Runs the contests in a page; its runtime's name is the browser's. */
async function inChromium(args: string[], json: string | undefined): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      sides: { type: "string" },
      quick: { type: "boolean" },
      slow: { type: "boolean" },
      deterministic: { type: "boolean" },
      device: { type: "string" },
    },
  });
  const file = await bundle("against/page.ts", "page");
  const page = `<!doctype html><title>peers</title>`;
  const served = await serve(async (path) =>
    path === "/page.mjs" ? readFile(file) : path === "/index.html" ? page : null,
  );
  const rows: Result[] = [];
  let runtime = "";
  let reason = "the page ended before its last contest";
  process.on("SIGINT", () => {}); // the browser, which gets it too, is closed
  try {
    await withPage(served.address, async (tab) => {
      tab.on("console", (line) => console.log(line.text()));
      await tab.exposeFunction("keepRows", (found: Result[]) => void rows.push(...found));
      const agent = (await tab.evaluate("navigator.userAgent")) as string;
      runtime = `chromium ${/Chrome\/([\d.]+)/.exec(agent)?.[1] ?? ""}`;
      const call = `import("/page.mjs").then((m) => m.default(${JSON.stringify(values)}))`;
      ({ reason } = await resultIn<{ reason: string }>(tab, call));
    });
    return 0;
  } catch (error) {
    console.error(`${(error as Error).message.split("\n")[0]}; ${rows.length} rows are kept`);
    return 1;
  } finally {
    served.close();
    await rm(dirname(file), { recursive: true, force: true });
    if (json !== undefined && rows.length > 0) {
      await keepRun(json, {
        kind: "peers",
        date: new Date().toISOString().slice(0, 10),
        version,
        machine: machine(),
        runtime,
        devices: [reason],
        quick: values.quick === true,
        rows,
      });
    }
  }
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (args.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  installPeers();
  const runtime = take(args, "--runtime") ?? "node24";
  const table = take(args, "--correctness");
  const json = take(args, "--json");
  if (runtime === "chromium") return inChromium(args, json);
  if (!(RUNTIMES as readonly string[]).includes(runtime)) {
    throw new Error(`--runtime ${runtime}: use ${RUNTIMES.join(", ")} or chromium`);
  }
  const entry = table === undefined ? "against/main.ts" : "against/correctness.ts";
  const file = await bundle(entry, "script");
  const more = [
    ...["--torch", join(here, "against", "pytorch.py")],
    ...(json === undefined ? [] : ["--json", resolve(json)]),
    ...(table === undefined ? [] : ["--out", resolve(table)]),
  ];
  const code = await runThere(runtime as Runtime, [file, ...args, ...more]);
  await rm(dirname(file), { recursive: true, force: true });
  return code;
}

process.exitCode = await main();
