// npm run demo:page [-- options of the demo]: bundles the demo for a page, serves it, runs it in a
// headless Chromium, and shows its console. With --serve it waits for a browser of yours instead.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Files, serve, withPage } from "../../bench/chromium";
import { UsageError } from "../commandLine";
import { parseOptions, type Settings } from "./options";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The page, which runs the demo with these settings as it is opened. */
async function files(settings: Settings, version: string): Promise<Files> {
  const { outputFiles } = await build({
    entryPoints: [here("page.ts")],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    alias: { hypergrad: here("../../dist/index.js") },
    external: ["webgpu", "node:*"],
    logLevel: "error",
  });
  const call = `run(${JSON.stringify(settings)}, ${JSON.stringify(version)})`;
  const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>hypergrad demo</title>
<link rel="icon" href="data:,">
<pre></pre>
<script type="module">
  import run from "/page.mjs";
  ${call}.then(() => console.log("done"), (error) => console.log("demo: " + error.message));
</script>
</html>`;
  return async (path) => {
    if (path === "/index.html") return page;
    return path === "/page.mjs" ? outputFiles[0].contents : null;
  };
}

async function main(args: string[]): Promise<number> {
  const waiting = args.includes("--serve");
  const command = parseOptions(args.filter((arg) => arg !== "--serve"));
  if (command === null || command.resume !== undefined || command.data !== undefined) {
    throw new UsageError("a page has no files: leave out --help, --resume and --data");
  }
  const file = new URL("../../package.json", import.meta.url);
  const { version } = JSON.parse(await readFile(file, "utf8"));
  const served = await serve(await files(command.settings, `hypergrad ${version}`));
  if (waiting) {
    console.log(`the demo runs at ${served.address} (Ctrl-C ends it)`);
    return new Promise(() => {});
  }
  let code = 0;
  await withPage("about:blank", async (page) => {
    const ended = new Promise<void>((resolve) => {
      page.on("console", (message) => {
        const text = message.text();
        if (text === "done") return resolve();
        console.log(text);
        if (!text.startsWith("demo: ")) return;
        code = 1;
        resolve();
      });
    });
    await page.goto(served.address);
    await ended;
  });
  served.close();
  return code;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`demo: ${error.message}`);
  process.exitCode = 2;
}
