// Einstein summation. Two operands at a time become one batched matrix product, or a broadcast
// product where no letter is summed.

import { ShapeError } from "../core/errors";
import { show, sizeOf } from "../core/shape";
import type { Tensor } from "../tensor/tensor";
import { mul } from "./arithmetic";
import { needFloats } from "./checks";
import { matmul } from "./matmul";
import { slice, transpose } from "./movement";
import { sum } from "./reduce";
import { reshape } from "./reshape";

/** A tensor with a label for each axis: a letter, or "…2" for the second to last axis of "...". */
interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/**
 * Sums of products by letters: "ij,jk->ik" is a matrix product, "bij->bji" a transpose, "ii->" a
 * trace. A letter twice in one operand means its diagonal; letters that are not in the output are
 * summed; "..." stands for further axes, which broadcast. Without "->" the output has the letters
 * that occur once, in alphabetical order. More than two operands are multiplied left to right.
 * @throws ShapeError when the spec is malformed or does not fit the operands
 * @throws DTypeError unless all are float32
 */
export function einsum(spec: string, ...xs: Tensor[]): Tensor {
  needFloats("einsum", Object.fromEntries(xs.map((x, i) => [`operand ${i}`, x])));
  const { terms, output } = parse(spec, xs);
  const sizes = sizesOf(spec, xs, terms);
  let parts = xs.map((x, i) => prepared({ x, labels: terms[i] }, sizes));
  parts = parts.map((part, i) => {
    const elsewhere = new Set(output);
    for (const [j, other] of parts.entries()) {
      if (j !== i) for (const label of other.labels) elsewhere.add(label);
    }
    return summed(part, elsewhere);
  });
  let [all] = parts;
  for (let i = 1; i < parts.length; i++) {
    const keep = new Set([...output, ...parts.slice(i + 1).flatMap((p) => p.labels)]);
    all = contract(all, parts[i], keep);
  }
  return arranged(all, output);
}

function malformed(spec: string, what: string, advice: string): ShapeError {
  return new ShapeError(`einsum: ${what}: the spec is "${spec}". ${advice}`);
}

/** The labels of every operand and of the output. */
function parse(spec: string, xs: readonly Tensor[]): { terms: string[][]; output: string[] } {
  if (typeof spec !== "string") {
    throw new TypeError(`einsum: the spec is no text: ${String(spec)}. Write it like "ij,jk->ik".`);
  }
  const [left, right, more] = spec.replaceAll(" ", "").split("->");
  const words = left.split(",");
  for (const word of right === undefined ? words : [...words, right]) {
    if (/^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(word) && more === undefined) continue;
    throw malformed(spec, `not understood: "${word}"`, 'Write it like "ij,jk->ik".');
  }
  if (words.length !== xs.length) {
    throw malformed(
      spec,
      `${words.length} terms for ${xs.length} operands`,
      "Give one term for each operand.",
    );
  }
  let most = 0; // axes that "..." stands for
  const terms = words.map((word, i) => {
    const letters = word.replace("...", "").length;
    const rest = xs[i].shape.length - letters;
    if (rest < 0 || (rest > 0 && !word.includes("..."))) {
      throw malformed(
        spec,
        `ranks differ: "${word}" has ${letters} letters, operand ${i} is ${show(xs[i].shape)}`,
        "Give one letter for each axis.",
      );
    }
    most = Math.max(most, rest);
    return labelsOf(word, rest);
  });
  if (right === undefined) {
    const all = terms.flat().filter((label) => label.length === 1);
    const once = all.filter((label) => all.indexOf(label) === all.lastIndexOf(label));
    return { terms, output: [...labelsOf("...", most), ...once.sort()] };
  }
  const output = labelsOf(right, most);
  const known = new Set(terms.flat());
  for (const label of output) {
    if (!known.has(label)) {
      throw malformed(spec, `no operand has "${label}", the output has`, "Leave it out.");
    }
    if (output.indexOf(label) !== output.lastIndexOf(label)) {
      throw malformed(spec, `the output has "${label}" twice`, "Name it once.");
    }
  }
  if (most > 0 && !right.includes("...")) {
    throw malformed(spec, 'the output has no "...", an operand has', "Add it to the output.");
  }
  return { terms, output };
}

/** One label an axis; those of "..." are counted from its end, so that they broadcast. */
function labelsOf(word: string, rest: number): string[] {
  const dots = Array.from({ length: rest }, (_, i) => `…${rest - i}`);
  const at = word.indexOf("...");
  if (at < 0) return [...word];
  return [...word.slice(0, at), ...dots, ...word.slice(at + 3)];
}

function sizesOf(spec: string, xs: readonly Tensor[], terms: readonly string[][]) {
  const sizes = new Map<string, number>();
  for (const [i, labels] of terms.entries()) {
    for (const [j, label] of labels.entries()) {
      const size = xs[i].shape[j];
      const before = sizes.get(label);
      const broadcasts = label.length > 1;
      if (before === undefined || (broadcasts && before === 1)) {
        sizes.set(label, size);
      } else if (before !== size && !(broadcasts && size === 1)) {
        const shapes = xs.map((x) => show(x.shape)).join(", ");
        const which = broadcasts ? '"..."' : `"${label}"`;
        throw new ShapeError(
          `einsum: sizes differ: ${which} is ${before} and ${size} in "${spec}", the operands ` +
            `are ${shapes}. Axes with one letter must have one size.`,
        );
      }
    }
  }
  return sizes;
}

/** Without axes that only broadcast, and with one axis for a letter that occurs twice. */
function prepared({ x, labels }: Labelled, sizes: ReadonlyMap<string, number>): Labelled {
  const stay = (i: number) => x.shape[i] === sizes.get(labels[i]);
  let part: Labelled = {
    x: reshape(
      x,
      x.shape.filter((_, i) => stay(i)),
    ),
    labels: labels.filter((_, i) => stay(i)),
  };
  for (;;) {
    const second = part.labels.findIndex((label, i) => part.labels.indexOf(label) < i);
    if (second < 0) return part;
    part = diagonal(part, part.labels.indexOf(part.labels[second]), second);
  }
}

/** The diagonal of two axes of size n, as the last axis: every (n + 1)-th of their n² elements. */
function diagonal({ x, labels }: Labelled, first: number, second: number): Labelled {
  const others = labels.map((_, i) => i).filter((i) => i !== first && i !== second);
  const shape = others.map((i) => x.shape[i]);
  const n = x.shape[first];
  const flat = reshape(transpose(x, [...others, first, second]), [...shape, n * n]);
  const zero = shape.map(() => 0);
  const one = shape.map(() => 1);
  return {
    x: slice(flat, [...zero, 0], [...shape, n], [...one, n + 1]),
    labels: [...others.map((i) => labels[i]), labels[first]],
  };
}

/** Sums the axes whose labels nobody else has. */
function summed({ x, labels }: Labelled, keep: ReadonlySet<string>): Labelled {
  const axis = labels.flatMap((label, i) => (keep.has(label) ? [] : [i]));
  if (axis.length === 0) return { x, labels };
  return { x: sum(x, { axis }), labels: labels.filter((label) => keep.has(label)) };
}

/** The axes in this order. */
function arranged({ x, labels }: Labelled, order: readonly string[]): Tensor {
  return transpose(
    x,
    order.map((label) => labels.indexOf(label)),
  );
}

/** The product of two, summed over the labels that both have and nobody keeps. */
function contract(a: Labelled, b: Labelled, keep: ReadonlySet<string>): Labelled {
  const common = a.labels.filter((label) => b.labels.includes(label));
  const batch = common.filter((label) => keep.has(label));
  const inner = common.filter((label) => !keep.has(label));
  const rows = a.labels.filter((label) => !b.labels.includes(label));
  const columns = b.labels.filter((label) => !a.labels.includes(label));
  const labels = [...batch, ...rows, ...columns];
  const sizeIn = (of: Labelled) => (label: string) => of.x.shape[of.labels.indexOf(label)];
  const lead = batch.map(sizeIn(a));
  const m = rows.map(sizeIn(a));
  const n = columns.map(sizeIn(b));
  if (inner.length === 0) {
    const left = reshape(arranged(a, [...batch, ...rows]), [...lead, ...m, ...n.map(() => 1)]);
    const right = reshape(arranged(b, [...batch, ...columns]), [...lead, ...m.map(() => 1), ...n]);
    return { x: mul(left, right), labels };
  }
  const k = sizeOf(inner.map(sizeIn(a)));
  const stored = (of: Labelled, order: readonly string[]) =>
    of.labels.every((label, i) => label === order[i]);
  // Read a matrix transposed where it lies so already, rather than move it.
  const transposeA = stored(a, [...batch, ...inner, ...rows]) && rows.length > 0;
  const transposeB = stored(b, [...batch, ...columns, ...inner]) && columns.length > 0;
  const [p, q, s] = [sizeOf(lead), sizeOf(m), sizeOf(n)];
  const left = transposeA
    ? reshape(a.x, [p, k, q])
    : reshape(arranged(a, [...batch, ...rows, ...inner]), [p, q, k]);
  const right = transposeB
    ? reshape(b.x, [p, s, k])
    : reshape(arranged(b, [...batch, ...inner, ...columns]), [p, k, s]);
  const product =
    batch.length === 0
      ? matmul(reshape(left, left.shape.slice(1)), reshape(right, right.shape.slice(1)), {
          transposeA,
          transposeB,
        })
      : matmul(left, right, { transposeA, transposeB });
  return { x: reshape(product, [...lead, ...m, ...n]), labels };
}
