// The documentation: every code block of the guides runs, and prints what it says; what quotes a
// file is in that file; every export is in the reference with a comment.

import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = `${root}docs/guides`;
const out = mkdtempSync(join(tmpdir(), "hypergrad-docs-"));
afterAll(() => rmSync(out, { recursive: true, force: true }));

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(markdown: string): Block[] {
  const found = [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  return found.map(([, language, text]) => ({ language, text }));
}

/** What the block says that it prints: the comments behind its `console.log` lines. */
const promised = (text: string) =>
  [...text.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, said]) => said);

/** The library is built once; blocks that reach into src are bundled with it. */
async function bundle(text: string, path: string): Promise<void> {
  await build({
    stdin: { contents: text, resolveDir: folder, loader: "ts" },
    outfile: path,
    alias: { hypergrad: `${root}src/index.ts` },
    ...{ bundle: true, format: "esm", platform: "node", target: "es2022", logLevel: "error" },
    loader: { ".wgsl": "text", ".wasm": "binary" },
    tsconfigRaw: "{}",
  });
}

const guides = readdirSync(folder).filter((name) => name.endsWith(".md"));

test("there are the thirteen guides", () => {
  expect(guides.length).toBeGreaterThanOrEqual(13);
});

test("every block of the guides and the README has right types, strictly", async () => {
  const pages = [...guides.map((name) => `${folder}/${name}`), `${root}README.md`];
  const programs = pages.flatMap((path) =>
    blocksOf(readFileSync(path, "utf8"))
      .filter(({ language, text }) => language === "ts" && text.includes(' from "hypergrad"'))
      .map(({ text }) => text),
  );
  expect(programs.length).toBeGreaterThan(25);
  const types = mkdtempSync(join(out, "types-"));
  for (const [i, text] of programs.entries()) writeFileSync(`${types}/block-${i}.ts`, text);
  const compilerOptions = {
    ...{ noUnusedLocals: false, noUnusedParameters: false, verbatimModuleSyntax: false },
    ...{ typeRoots: [`${root}node_modules/@types`, `${root}node_modules`] },
    paths: { hypergrad: [`${root}src/index.ts`] },
  };
  const config = {
    extends: `${root}tsconfig.json`,
    compilerOptions,
    include: [`${types}/*.ts`, `${root}src/assets.d.ts`],
    exclude: [],
  };
  writeFileSync(`${types}/tsconfig.json`, JSON.stringify(config));
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const run = promisify(execFile)(process.execPath, [tsc, "-p", types]);
  expect(await run.then(({ stdout }) => stdout).catch(({ stdout }) => stdout)).toBe("");
}, 120_000);

describe.each(guides)("%s", (name) => {
  const blocks = blocksOf(readFileSync(`${folder}/${name}`, "utf8"));
  const runnable = blocks.filter(({ language, text }) => language === "ts" && /import/.test(text));
  const quotes = blocks.filter(({ text }) => /^\/\/ (src|kernels|asm)\//.test(text));
  const other = blocks.filter((block) => !runnable.includes(block) && !quotes.includes(block));

  test("every block is run, quoted, or no program", () => {
    expect(other.filter(({ language }) => !["html", "http", "sh"].includes(language))).toEqual([]);
    expect(runnable.length).toBeGreaterThan(0);
  });

  test.each(runnable.map(({ text }, i) => ({ text, number: i + 1 })))(
    "block $number prints what it says",
    async ({ text, number }) => {
      const said = promised(text);
      expect(said.length).toBe(text.match(/console\.log/g)?.length);
      const path = `${out}/${name}-${number}.mjs`;
      await bundle(text, path);
      const { stdout } = await promisify(execFile)(process.execPath, [path]);
      expect(stdout.trim().split("\n")).toEqual(said);
    },
  );

  test.each(quotes)("$text is in the file that it names", ({ text }) => {
    const [head, ...lines] = text.trimEnd().split("\n");
    expect(readFileSync(root + head.slice("// ".length), "utf8")).toContain(lines.join("\n"));
  });
});

test("the site builds, every function has a comment, and no link is dead", async () => {
  const script = `${root}scripts/docs.mjs`;
  const args = ["--import", `${root}scripts/typescript.mjs`, script, "--no-table"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toMatch(/docs: build\/docs \d+ pages, \d+ exports/);
  expect(stdout).not.toContain("without a comment");
  const site = `${root}build/docs`;
  const files = readdirSync(site).filter((name) => name.endsWith(".html"));
  expect(files.length).toBeGreaterThan(15);
  for (const file of files) {
    const html = readFileSync(`${site}/${file}`, "utf8");
    for (const [, link] of html.matchAll(/href="(?!https?:|data:)([^"]*)"/g)) {
      const [target, anchor] = link.split("#");
      const text = target === "" ? html : readFileSync(`${site}/${target}`, "utf8");
      if (anchor) expect(text).toContain(`id="${anchor}"`);
    }
  }
}, 180_000);

test("a block that prints something else is found", async () => {
  const path = `${out}/control.mjs`;
  writeFileSync(path, "console.log(2);");
  const { stdout } = await promisify(execFile)(process.execPath, [path]);
  expect(promised("console.log(1 + 1); // 3")).not.toEqual(stdout.trim().split("\n"));
});
