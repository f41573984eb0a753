// Builds the documentation into build/docs, static pages without scripts: the guides, the API
// reference from the doc comments, the op table by running. Needs what `npm run build` makes.
// Option: --no-table leaves the op table out, which takes a minute.

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { marked } from "marked";
import { bundle } from "../test/webgpu/bundle.ts";
import { absence, run } from "../test/webgpu/runners.ts";
import { reference } from "./docs-reference.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = `${root}build/docs`;
const GUIDES = [
  "first-gradient",
  "coming-from",
  "second-order",
  "hypergradients",
  "training-loop",
  "many-at-once",
  "write-an-op",
  "write-a-kernel",
  "inner-optimizer",
  "search",
  "memory",
  "webgpu-and-threads",
  "reproducibility",
];

const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const STYLE = `
:root { color-scheme: light dark; --text: #1c1c22; --page: #fff; --panel: #f4f4f7; --link: #1d4ed8;
  --line: #d8d8e0; }
@media (prefers-color-scheme: dark) { :root { --text: #ececf2; --page: #15151a; --panel: #202028;
  --link: #8ab4ff; --line: #3a3a46; } }
body { margin: 0 auto; max-width: 1080px; padding: 16px; display: grid; gap: 0 32px;
  grid-template-columns: 210px minmax(0, 1fr); font: 16px/1.5 system-ui, sans-serif;
  color: var(--text); background: var(--page); }
a { color: var(--link); } nav ul { list-style: none; padding: 0; } nav li { margin: 6px 0; }
pre { padding: 10px 12px; overflow-x: auto; background: var(--panel); border-radius: 6px; }
code { font: 0.9em/1.45 ui-monospace, monospace; }
h3 { margin: 28px 0 6px; } .toc { columns: 3 150px; font-size: 0.9rem; }
table { border-collapse: collapse; } td, th { padding: 3px 12px; text-align: left;
  border-bottom: 1px solid var(--line); } .wide { overflow-x: auto; }
@media (max-width: 760px) { body { display: block; } nav ul { columns: 2; } }
`;

const titles = new Map();
const pages = [];

function navigation(at) {
  const item = ([file, title]) =>
    `<li><a href="${file}"${file === at ? ' aria-current="page"' : ""}>${escaped(title)}</a></li>`;
  return `<nav aria-label="Pages"><ul>${[...titles].map(item).join("")}</ul></nav>`;
}

const page = (file, title, body) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · hypergrad</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
${navigation(file)}
<main>
${body}
</main>
</html>
`;

function add(file, title, body) {
  titles.set(file, title);
  pages.push({ file, title, body });
}

function entry({ name, text, tags, declaration }) {
  const lines = tags
    .filter(({ name }) => ["throws", "returns"].includes(name))
    .map(({ name, text }) => {
      const label = name === "throws" ? "Throws" : "Gives";
      return `<p><em>${label}</em> ${marked.parseInline(escaped(text))}</p>`;
    });
  const said = text === "" ? "" : marked.parse(escaped(text).replaceAll("[", "\\["));
  return (
    `<h3 id="${name}">${name}</h3>${said}${lines.join("")}` +
    `<pre tabindex="0"><code>${escaped(declaration)}</code></pre>`
  );
}

function chapter({ id, title, entries }) {
  const toc = entries.map(({ name }) => `<a href="#${name}"><code>${name}</code></a>`).join("<br>");
  add(
    `api-${id}.html`,
    title,
    `<h1>${title}</h1><p class="toc">${toc}</p>${entries.map(entry).join("\n")}`,
  );
}

/** The op table of devices in one runtime, by running test/op-table.entry.ts there. */
function opTableIn(runtime, path, devices) {
  const file = async (url) => (url === "/devices.json" ? JSON.stringify(devices) : null);
  return run(runtime, path, { told: () => {}, file }, { gpu: devices.includes("webgpu") });
}

/** Of all devices: WebGPU's in the first runtime that has it, the one that compiles fastest. */
async function opTable() {
  const path = await bundle(`${root}test/op-table.entry.ts`);
  const rows = await opTableIn("node", path, ["reference", "wasm"]);
  const runtime = ["deno", "node", "chromium"].find((name) => absence(name) === null);
  if (runtime === undefined) return rows;
  const more = await opTableIn(runtime, path, ["webgpu"]);
  return rows.map((row, i) => ({
    ...row,
    devices: { ...row.devices, [`webgpu, in ${runtime}`]: more[i].devices.webgpu },
  }));
}

function tablePage(rows) {
  const devices = Object.keys(rows[0].devices);
  const cell = (text) => (/^\d$/.test(text) ? `to order ${text}` : `wrong: ${escaped(text)}`);
  const line = ({ op, rows, differentiable, devices: found }) =>
    `<tr><th scope="row"><code>${op}</code></th><td>${rows}</td>` +
    `<td>${differentiable ? "yes" : "no gradient"}</td>` +
    `${devices.map((name) => `<td>${cell(found[name])}</td>`).join("")}</tr>`;
  const head = ["op", "cases", "differentiable", ...devices];
  const heads = head.map((name) => `<th scope="col">${name}</th>`).join("");
  const absent = devices.some((name) => name.startsWith("webgpu"))
    ? ""
    : "No WebGPU adapter was here to run on.";
  add(
    "ops.html",
    "Ops, devices, orders",
    `<h1>Ops, devices, orders</h1><p>Made by running every case of the test table. On the reference
device gradients are compared with differences to order three; on other devices the value and both
gradients are compared with the reference. 0: the value alone, as nothing is differentiable.
${absent}</p><div class="wide" tabindex="0"><table><thead><tr>${heads}</tr></thead>
<tbody>${rows.map(line).join("\n")}</tbody></table></div>`,
  );
  return rows.flatMap(({ op, devices: found }) =>
    Object.entries(found).flatMap(([name, text]) =>
      /^\d$/.test(text) ? [] : [`${op} on ${name}`],
    ),
  );
}

const readme = await readFile(`${root}README.md`, "utf8");
const start = readme.slice(0, readme.indexOf("\n## ")).replace(/^# .*\n/, "");
const found = (await readdir(`${root}docs/guides`)).map((name) => name.replace(/\.md$/, ""));
const missing = found.filter((name) => !GUIDES.includes(name));
if (missing.length > 0) throw new Error(`docs: not in the list of guides: ${missing.join(", ")}`);

add("index.html", "hypergrad", "");
for (const name of GUIDES) {
  const text = await readFile(`${root}docs/guides/${name}.md`, "utf8");
  add(`${name}.html`, /^# (.*)$/m.exec(text)[1], marked.parse(text));
}
const chapters = reference();
for (const one of chapters) chapter(one);
const wrong = process.argv.includes("--no-table") ? [] : tablePage(await opTable());
const links = [...titles]
  .slice(1)
  .map(([file, title]) => `<li><a href="${file}">${title}</a></li>`);
pages[0].body = `<h1>hypergrad</h1>${marked.parse(start)}<ul>${links.join("")}</ul>`;

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await writeFile(join(out, "style.css"), STYLE);
for (const { file, title, body } of pages) {
  const scrolling = body.replaceAll("<pre>", '<pre tabindex="0">');
  await writeFile(join(out, file), page(file, title, scrolling));
}
const entries = chapters.flatMap(({ entries }) => entries);
// Types of options say what they are by their members; functions and values need a sentence.
const silent = entries.filter(
  ({ name, text, tags }) => /(^|\.)[a-z]\w*$/.test(name) && text === "" && tags.length === 0,
);
console.log(`docs: build/docs ${pages.length} pages, ${entries.length} exports`);
if (silent.length > 0) {
  console.log(`docs: without a comment: ${silent.map(({ name }) => name).join(", ")}`);
}
if (wrong.length > 0) {
  console.log(`docs: wrong in the op table: ${wrong.join(", ")}`);
  process.exitCode = 1;
}
