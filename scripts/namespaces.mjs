// The namespaces that have an entry of their own, such as "hypergrad/nn": for bundlers that leave
// nothing out of a namespace which comes through another module, as esbuild does not.

import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));

/** As package.json exports them. */
export const namespaces = Object.keys(exports)
  .filter((path) => exports[path].module !== undefined && path !== ".")
  .map((path) => path.replace("./", ""));

/** Writes dist/nn.js, dist/nn.d.ts and their like, which give what the single file has, not copies
 * of it. */
export async function writeNamespaces() {
  const library = await import(`${root}dist/index.js`);
  const types = aliasable(readFileSync(`${root}dist/index.d.ts`, "utf8"));
  await write("index.d.ts", [types]);
  for (const name of namespaces) {
    const from = `import { ${name} } from "./index.js";`;
    const values = `export const { ${Object.keys(library[name]).join(", ")} } = ${name};`;
    const own = `/* @ts-self-types="./${name}.d.ts" */`;
    await write(`${name}.js`, [own, from, values]);
    const aliases = members(types, name).map(
      (member) => `export import ${member} = ${name}.${member};`,
    );
    await write(`${name}.d.ts`, [from, ...aliases]);
  }
}

const write = (name, lines) => writeFile(`${root}dist/${name}`, `${lines.join("\n")}\n`);

/** The bundled declarations without "type" in the lists of namespaces: so marked, a type cannot be
 * exported under another name with its parameters. */
function aliasable(types) {
  return types.replace(/^ {2}export \{.*\};$/gm, (list) => list.replaceAll("type ", "")).trim();
}

/** What a namespace of the bundled declarations exports: values and types. */
function members(types, name) {
  const [, local] = types.match(new RegExp(`[ ,]([\\w$]+) as ${name}[ ,]`));
  const start = types.indexOf(`declare namespace ${local} {`);
  const [, list] = types.slice(start).match(/export \{ (.*?) \};/s);
  return list.split(", ").map((member) => member.split(" ").at(-1));
}
