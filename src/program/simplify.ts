// Algebra that leaves values as they are: identities go, known numbers are worked out, transposes
// move into the products that read them.

import { sameShape } from "../core/shape";
import type { Device } from "../device/device";
import { functions } from "../device/functions";
import { constant } from "../tensor/create";
import { type Graph, knownScalar, rewrite, type Value, type Vertex, value, vertex } from "./graph";

type Add = (node: Vertex) => Vertex;
type Rule = (node: Vertex, add: Add, on: Device) => readonly Value[] | null;

/** Ops that only rename their input. */
const RENAMES = new Set(["leaf", "stopGradient", "reshape", "expand"]);

const rename: Rule = ({ op, inputs, outputs }) => {
  const [x] = inputs;
  if (!RENAMES.has(op.name) || x.dtype !== outputs[0].dtype) return null;
  return sameShape(x.shape, outputs[0].shape) ? [x] : null;
};

/** A reshape of a reshape is one reshape; so with expand. */
const twice: Rule = ({ op, inputs, outputs, attrs, origin }, add) => {
  const from = inputs[0]?.source;
  if (op.name !== "reshape" && op.name !== "expand") return null;
  if (from.kind !== "node" || from.node.op !== op) return null;
  return add(vertex(op, from.node.inputs, attrs, outputs, origin)).outputs;
};

/** x + 0, x − 0, x · 1, x / 1. */
const neutral: Rule = ({ op, inputs }) => {
  const [x, y] = inputs;
  if (x?.dtype !== "float32") return null;
  const { name } = op;
  if ((name === "add" || name === "sub") && knownScalar(y) === 0) return [x];
  if ((name === "mul" || name === "div") && knownScalar(y) === 1) return [x];
  if (name === "add" && knownScalar(x) === 0) return [y];
  if (name === "mul" && knownScalar(x) === 1) return [y];
  return null;
};

const negTwice: Rule = ({ op, inputs }) => {
  const from = inputs[0]?.source;
  const again = op.name === "neg" && from.kind === "node" && from.node.op === op;
  return again ? from.node.inputs : null;
};

/** Ops whose float32 result is the rounded exact one: the same wherever it is worked out. */
const EXACT = new Set(["add", "sub", "mul", "div", "neg", "square", "sqrt"]);

const fold: Rule = ({ op, inputs, outputs }, _, on) => {
  if (!EXACT.has(op.name) || outputs[0].size !== 1 || outputs[0].shape.length > 0) return null;
  if (outputs[0].dtype !== "float32") return null;
  const numbers = inputs.flatMap((v) => knownScalar(v) ?? []);
  if (numbers.length < inputs.length) return null;
  const [x, y = 0] = numbers;
  const exact = functions[op.name as "add"].js(x, y, 0);
  const known = on.name === "reference" ? exact : Math.fround(exact);
  const tensor = constant(on, known, "float32");
  return [value([], "float32", { kind: "constant", value: known, tensor })];
};

/** mul(expand(2), expand(3)): work on the scalars, then expand once. */
const foldBeforeExpand: Rule = ({ op, inputs, outputs, origin }, add) => {
  if (!EXACT.has(op.name) || outputs[0].shape.length === 0) return null;
  const sources = inputs.map((v) => (v.source.kind === "node" ? v.source.node : null));
  if (!sources.every((n) => n?.op.name === "expand" && n.inputs[0].shape.length === 0)) return null;
  const scalars = sources.map((n) => n!.inputs[0]);
  const small = add(vertex(op, scalars, undefined, [{ shape: [], dtype: "float32" }], origin));
  const { shape, dtype } = outputs[0];
  return add(vertex(sources[0]!.op, small.outputs, shape, [{ shape, dtype }], origin)).outputs;
};

/** Swapping the last two axes before a product is a flag of the product. */
const transposed: Rule = ({ op, inputs, outputs, attrs, origin }, add) => {
  if (op.name !== "matmul") return null;
  const { ta, tb } = attrs as { ta: boolean; tb: boolean };
  const a = swapped(inputs[0]);
  const b = swapped(inputs[1]);
  if (a === null && b === null) return null;
  const flags = { ta: a === null ? ta : !ta, tb: b === null ? tb : !tb };
  return add(vertex(op, [a ?? inputs[0], b ?? inputs[1]], flags, outputs, origin)).outputs;
};

function swapped(v: Value): Value | null {
  if (v.source.kind !== "node" || v.source.node.op.name !== "transpose") return null;
  const perm = v.source.node.attrs as readonly number[];
  const last = perm.length - 1;
  const swaps = perm.every((p, i) => p === (i === last ? last - 1 : i === last - 1 ? last : i));
  return swaps ? v.source.node.inputs[0] : null;
}

const rules: readonly Rule[] = [
  rename,
  twice,
  neutral,
  negTwice,
  fold,
  foldBeforeExpand,
  transposed,
];

/** One sweep of all rules, each node by the first that fits it. */
export function simplify(graph: Graph, on: Device): Graph {
  return rewrite(graph, (node, add) => {
    for (const rule of rules) {
      const instead = rule(node, add, on);
      if (instead !== null) return instead;
    }
    return null;
  });
}
