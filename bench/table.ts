// npm run bench:table: writes the tables that the kept runs in bench/results give between the
// markers of README.md, bench/README.md and docs/*.md, and draws the plot of the peers.
//   <!-- bench peers node 24 --> ... <!-- /bench -->

import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { peersPlot } from "./plot";
import { readRuns } from "./store";
import { tableFor } from "./tables";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const results = join(root, "bench", "results");

async function list(folder: string, ending: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

const runs = (await Promise.all((await list(results, ".json")).map(readRuns))).flat();
const MARKED = /(<!-- bench ([a-z][^>]*?) -->)[\s\S]*?(<!-- \/bench -->)/g;
const texts = [join(root, "README.md"), join(root, "bench", "README.md")];
for (const path of [...texts, ...(await list(join(root, "docs"), ".md"))]) {
  const before = await readFile(path, "utf8").catch(() => "");
  let count = 0;
  const after = before.replace(MARKED, (_, open: string, which: string, close: string) => {
    count++;
    return `${open}\n${tableFor(which, runs)}\n${close}`;
  });
  if (count === 0) continue;
  if (after !== before) await writeFile(path, after);
  console.log(`${path.slice(root.length + 1)}: ${count} tables`);
}
const compared = runs.find((run) => run.kind === "peers" && run.runtime.startsWith("node 24"));
if (compared !== undefined) {
  await writeFile(join(root, "docs", "bench-peers.svg"), peersPlot(compared));
  console.log("docs/bench-peers.svg: the plot");
}
