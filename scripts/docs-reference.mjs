// The API reference: every export with its declaration, as TypeScript writes it, and its doc
// comment, in the order of the source's folders. An export without a comment is listed as such.

import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Folders of src and what they are, in the order of the layers. */
const CHAPTERS = [
  ["device", "Devices"],
  ["tensor", "Tensors"],
  ["core", "Types and errors"],
  ["ops", "Ops"],
  ["fused", "Fused ops"],
  ["grad", "Gradients"],
  ["program", "Compiled steps"],
  ["train", "Training"],
];
/** What the namespaces of the root are. */
const NAMESPACES = {
  nn: "Layers",
  optim: "Optimizers and schedules",
  data: "Data",
  meta: "Meta-learning",
  search: "Hyperparameter search",
};

function programFor(files, options) {
  return ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    ...options,
  });
}

function resolved(checker, symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** Doc comments as plain text, and @throws, @returns and @param lines. */
function commentOf(checker, symbol) {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const tags = symbol.getJsDocTags(checker).map(({ name, text: parts }) => ({
    name,
    text: ts.displayPartsToString(parts),
  }));
  return { text, tags };
}

/** A declaration as TypeScript: without its own comment, those of its members kept. */
function declarationOf(node) {
  const whole = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  const text = whole.getText().replace(/^export /, "");
  return text.replace(/^declare /, "");
}

function entryOf(checker, exported) {
  const symbol = resolved(checker, exported);
  const comment = commentOf(checker, symbol);
  const declarations = (symbol.declarations ?? []).map(declarationOf);
  return { name: exported.name, ...comment, declaration: declarations.join("\n") };
}

/** Declarations of every file of src, in build/types. */
function declare() {
  const options = {
    ...{ declaration: true, emitDeclarationOnly: true, outDir: `${root}build/types` },
    ...{ rootDir: `${root}src`, skipLibCheck: true, strict: true, stripInternal: true },
    lib: ["lib.es2022.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts"],
    typeRoots: [`${root}node_modules`],
    types: ["@webgpu/types", "node"],
  };
  const files = [`${root}src/index.ts`, `${root}src/assets.d.ts`];
  programFor(files, options).emit();
}

/** Of a module; those of a module or an object of functions in it under `name.`, too. */
function entriesOf(checker, module, prefix) {
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = resolved(checker, exported);
    const name = prefix + exported.name;
    if (symbol.declarations?.some(ts.isSourceFile)) return entriesOf(checker, symbol, `${name}.`);
    const own = { ...entryOf(checker, exported), name };
    if (!(symbol.flags & ts.SymbolFlags.Variable)) return [own];
    const members = checker.getTypeOfSymbol(symbol).getProperties();
    const functions = members.flatMap((member) => {
      const target = checker.getTypeOfSymbol(member).symbol;
      const known = target?.flags & ts.SymbolFlags.Function;
      return known ? [{ ...entryOf(checker, target), name: `${name}.${member.name}` }] : [];
    });
    return functions.length > 0 ? functions : [own];
  });
}

const byName = (a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1);

/** Chapters of the reference: { id, title, entries }. */
export function reference() {
  declare();
  const types = `${root}build/types`;
  const program = programFor([`${types}/index.d.ts`], { types: [] });
  const checker = program.getTypeChecker();
  const index = checker.getSymbolAtLocation(program.getSourceFile(`${types}/index.d.ts`));
  const chapters = new Map(CHAPTERS.map(([id, title]) => [id, { id, title, entries: [] }]));
  for (const exported of checker.getExportsOfModule(index)) {
    const target = resolved(checker, exported);
    const { name } = exported;
    const [declaration] = target.declarations ?? [];
    if (declaration === undefined) continue;
    if (ts.isSourceFile(declaration)) {
      const entries = entriesOf(checker, target, "");
      chapters.set(name, { id: name, title: NAMESPACES[name] ?? name, entries });
      continue;
    }
    const folder = relative(types, declaration.getSourceFile().fileName).split(/[\\/]/)[0];
    if (!chapters.has(folder)) chapters.set(folder, { id: folder, title: folder, entries: [] });
    chapters.get(folder).entries.push(entryOf(checker, exported));
  }
  const list = [...chapters.values()].filter(({ entries }) => entries.length > 0);
  for (const { entries } of list) entries.sort(byName);
  return list;
}
