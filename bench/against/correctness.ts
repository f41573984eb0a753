// Runs every op at orders 0 to 3 in this library and its peers, and writes what is right, wrong or
// throws as a table. The truth is differences of the float64 reference's values, no one's gradient.

import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import * as jax from "@jax-js/jax";
import * as tf from "@tensorflow/tfjs-core";
import { add, device, grad, init, mul, scope, sum, type Tensor, tensor } from "hypergrad";
import { progressLine } from "../progress";
import { numbers, sizeOf } from "../row";
import { runtime, version } from "../store";
import type { Case, Operand } from "./cases/case";
import { cases } from "./cases/index";
import { type JaxArray, jaxOps } from "./jax";
import { derivative, differences, type Nesting, STEP } from "./orders";
import { type TfTensor, tfOps, useBackend } from "./tfjs";

const { values: given } = parseArgs({
  options: { out: { type: "string" }, torch: { type: "string" } },
});

/** Numbers of an operand: clear of its kinks by more than the truth's samples move. */
function point({ kind, shape }: Operand, place: number): Float32Array<ArrayBuffer> {
  const n = sizeOf(shape);
  const raw = numbers({ kind: "normal", shape }, place);
  const even = Float32Array.from({ length: n }, (_, i) => ((i * 7 + 3) % n) / n - 0.45);
  if (kind === "apart") return even.map((x) => 3 * x);
  if (kind === "unit") return even.map((x) => x + 0.5);
  const clear = raw.map((x) => (x < 0 ? -1 : 1) * (0.25 + 0.5 * Math.abs(x)));
  return Float32Array.from(kind === "positive" ? clear.map((x) => Math.abs(x) + 0.5) : clear);
}

/** Components of at most 1 in size. */
function direction({ shape }: Operand, place: number): Float32Array<ArrayBuffer> {
  const raw = numbers({ kind: "normal", shape }, 50 + place);
  return Float32Array.from(raw, (x) => Math.tanh(x));
}

const ownNesting: Nesting<Tensor> = {
  add: (a, b) => add(a, b),
  mul: (a, b) => mul(a, b),
  sum: (a) => sum(a),
  grads: (f, xs) => grad((list: readonly Tensor[]) => f([...list]))(xs) as Tensor[],
};
const tfNesting: Nesting<TfTensor> = {
  ...tfOps,
  grads: (f, xs) => tfOps.valueAndGrad(f, xs)[1],
};
const jaxNesting: Nesting<JaxArray> = {
  ...jaxOps,
  grads: (f, xs) => jaxOps.valueAndGrad(f, xs)[1],
};

/** What a library answers for a case and an order; null where it has no such op. */
type Answer = (one: Case, order: number) => Promise<number> | null;

const shapes = (one: Case) => one.inputs.map(({ shape }) => [...shape]);
const points = (one: Case) => one.inputs.map(point);
const directions = (one: Case) => one.inputs.map(direction);

async function truthOf(one: Case): Promise<number[]> {
  const from = points(one);
  const along = directions(one);
  const values: number[] = [];
  for (let k = -4; k <= 4; k++) {
    const xs = from.map((x, i) =>
      tensor(
        Array.from(x, (v, j) => v + k * STEP * along[i][j]),
        shapes(one)[i],
      ),
    );
    const y = derivative(ownNesting, one.own, [], 0)(xs);
    values.push(await y.item());
  }
  return differences(values);
}

const ownAnswer: Answer = (one, order) => {
  const make = (list: Float32Array<ArrayBuffer>[]) => list.map((x, i) => tensor(x, shapes(one)[i]));
  const along = make(directions(one));
  return scope(() => derivative(ownNesting, one.own, along, order)(make(points(one)))).item();
};

const tfAnswer: Answer = (one, order) => {
  const { tf: op } = one;
  if (op === null) return null;
  const make = (list: Float32Array[]): TfTensor[] =>
    list.map((x, i) => tf.tensor(x, shapes(one)[i], "float32"));
  const y = tf.tidy(() =>
    derivative(tfNesting, op, make(directions(one)), order)(make(points(one))),
  ) as TfTensor;
  return y.data().then(([value]) => value);
};

const jaxAnswer: Answer = (one, order) => {
  const { jax: op } = one;
  if (op === null) return null;
  const make = (list: Float32Array[]): JaxArray[] =>
    list.map((x, i) => jax.numpy.reshape(jax.numpy.array(x), shapes(one)[i]));
  const along = make(directions(one));
  const step = jax.jit((xs: JaxArray[]) => derivative(jaxNesting, op, along, order)(xs));
  return (step(make(points(one))) as JaxArray).data().then(([value]) => value);
};

type Verdict =
  | { readonly kind: "right" }
  | { readonly kind: "none" }
  | { readonly kind: "skipped" }
  | { readonly kind: "wrong"; readonly got: number }
  | { readonly kind: "throws"; readonly message: string };

const ORDERS = [0, 1, 2, 3];
/** Further off than this share of the truth is wrong: far beyond what float32 explains. */
const LIMIT = 0.01;

async function judge(answer: Answer, one: Case, truth: readonly number[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const order of ORDERS) {
    const last = verdicts.at(-1)?.kind;
    if (last === "throws" || last === "skipped") {
      verdicts.push({ kind: "skipped" });
      continue;
    }
    try {
      const asked = answer(one, order);
      if (asked === null) {
        verdicts.push({ kind: "none" });
        continue;
      }
      const got = await asked;
      const room = LIMIT * Math.max(Math.abs(truth[order]), 1e-2 * Math.abs(truth[0]), 1e-4);
      const right = Math.abs(got - truth[order]) <= room;
      verdicts.push(right ? { kind: "right" } : { kind: "wrong", got });
    } catch (error) {
      verdicts.push({ kind: "throws", message: (error as Error).message.split("\n")[0] });
    }
  }
  return verdicts;
}

/** `0 1 2 3`, or what went wrong at which order. */
function cell(verdicts: readonly Verdict[], truth: readonly number[], notes: string[]): string {
  if (verdicts[0].kind === "none") return "no such op";
  return verdicts
    .map((v, order) => {
      if (v.kind === "right") return `${order}`;
      if (v.kind === "skipped") return "–";
      if (v.kind === "wrong") {
        return `**${order} wrong: ${v.got.toPrecision(3)} for ${truth[order].toPrecision(3)}**`;
      }
      if (v.kind === "none") return "";
      if (!notes.includes(v.message)) notes.push(v.message);
      return `**${order} throws** (${notes.indexOf(v.message) + 1})`;
    })
    .join(" ");
}

const line = progressLine();

interface Column {
  readonly title: string;
  readonly verdicts: Verdict[][];
}

const columns: Column[] = [];

async function column(title: string, answer: Answer, truths: readonly number[][]): Promise<void> {
  const verdicts: Verdict[][] = [];
  for (const [i, one] of cases.entries()) {
    line.show(`${title}: ${one.name}`, i / cases.length);
    verdicts.push(await judge(answer, one, truths[i]));
  }
  columns.push({ title, verdicts });
}

await init({ device: "reference" });
const truths: number[][] = [];
for (const one of cases) truths.push(await truthOf(one));
await column("hypergrad reference", ownAnswer, truths);
await init({ device: "wasm" });
await column(`hypergrad wasm (${device().info.simd})`, ownAnswer, truths);
try {
  await init({ device: "webgpu" });
  if (device().name === "webgpu") {
    await column(`hypergrad webgpu (${device().info.adapter})`, ownAnswer, truths);
  }
} catch {
  line.say("hypergrad webgpu: no adapter here, left out");
}
for (const backend of ["cpu", "wasm"] as const) {
  await useBackend(backend);
  await column(`tfjs ${backend}`, tfAnswer, truths);
}
await jax.init("wasm");
jax.defaultDevice("wasm");
await column("jax-js wasm", jaxAnswer, truths);
line.end();

const notes: string[] = [];
const body = cases.map((one, i) =>
  [one.name, ...columns.map((c) => cell(c.verdicts[i], truths[i], notes))].join(" | "),
);
const tally = columns.map(({ verdicts }) =>
  ORDERS.map((order) => {
    const count = (kind: string) => verdicts.filter((v) => v[order].kind === kind).length;
    return `${order}: ${count("right")} / ${count("wrong")} / ${count("throws")}`;
  }).join("<br>"),
);
const text = `# Right, wrong or thrown: every op, every order

Made by \`npm run bench:peers -- --runtime deno --correctness docs/correctness.md\`, in
${runtime()}: hypergrad ${version}, TensorFlow.js ${tf.version_core}, jax-js 0.1.25 (jit).

For each op, f(x) = Σ op(x)³ and its first three derivatives along one direction, by nesting the
library's own gradients. The truth is central differences of the values of hypergrad's float64
reference, so no gradient vouches for itself. A cell lists the orders that are right; further off
than 1 % is wrong; after an order that throws, higher ones are not asked.

| op | ${columns.map((c) => c.title).join(" | ")} |
| --- | ${columns.map(() => "---").join(" | ")} |
${body.map((row) => `| ${row} |`).join("\n")}
| **right / wrong / throws at order** | ${tally.join(" | ")} |

What they throw:

${notes.map((note, i) => `${i + 1}. ${note.replaceAll("|", "\\|").slice(0, 200)}`).join("\n")}
`;
if (given.out === undefined) console.log(text);
else {
  await writeFile(given.out, text);
  console.log(`${cases.length} ops, ${columns.length} columns: ${given.out}`);
}
process.exit(0);
