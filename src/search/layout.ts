// A space as a list of dimensions and a trial as a code, one number a dimension: what samplers
// compute with. A code is always derived from params, so a restored study has the same codes.

import { ValueError } from "../core/errors";
import type { Stream } from "../core/random";
import { checked, type Parameter, type Space, type Value } from "./space";

/** One number a dimension: in [0, 1] for a range, the index for a choice, NaN where the parameter
 * does not exist. */
export type Code = Float64Array;

export interface Dimension {
  readonly name: string;
  readonly parameter: Parameter;
  /** How many values there are; Infinity for a float. */
  readonly size: number;
  /** Earlier dimensions and the values at which this one exists. */
  readonly parents: readonly { readonly at: number; readonly values: readonly Value[] }[];
}

/** Dimensions, those that others depend on first; `names` in the space's own order. */
export interface Layout {
  readonly names: readonly string[];
  readonly dimensions: readonly Dimension[];
}

/** @throws ValueError for an empty space, a condition on an unknown name, on a float, on a value
 * that is never taken, or conditions in a circle */
export function layoutOf(space: Space): Layout {
  const names = Object.keys(space);
  if (names.length === 0) {
    throw new ValueError("study: the space is empty: {} has no parameter. Give at least one.");
  }
  const parameters = new Map(names.map((name) => [name, checked(name, space[name])]));
  for (const name of names) checkConditions(name, parameters);
  const placed: string[] = [];
  while (placed.length < names.length) {
    const next = names.find((name) => {
      const parents = Object.keys(parameters.get(name)!.when ?? {});
      return !placed.includes(name) && parents.every((parent) => placed.includes(parent));
    });
    if (next === undefined) {
      const rest = names.filter((name) => !placed.includes(name)).join(", ");
      throw new ValueError(`study: conditions run in a circle: ${rest}. Let one stand alone.`);
    }
    placed.push(next);
  }
  const dimensions = placed.map((name) => {
    const parameter = parameters.get(name)!;
    const parents = Object.entries(parameter.when ?? {}).map(([parent, values]) => ({
      at: placed.indexOf(parent),
      values: [values].flat(),
    }));
    return { name, parameter, size: sizeOf(parameter), parents };
  });
  return { names, dimensions };
}

function sizeOf(parameter: Parameter): number {
  if (parameter.kind === "float") return Infinity;
  if (parameter.kind === "choice") return parameter.values.length;
  return parameter.high - parameter.low + 1;
}

function checkConditions(name: string, parameters: ReadonlyMap<string, Parameter>): void {
  for (const [parent, given] of Object.entries(parameters.get(name)!.when ?? {})) {
    const target = parameters.get(parent);
    const quoted = JSON.stringify(parent);
    if (target === undefined) {
      const known = [...parameters.keys()].join(", ");
      throw new ValueError(
        `study: ${name} depends on an unknown name: ${quoted}; the space has ${known}. ` +
          "Correct its `when`.",
      );
    }
    if (target.kind === "float") {
      throw new ValueError(
        `study: ${name} depends on a float: ${quoted}. Depend on a choice or an integer.`,
      );
    }
    const values = [given].flat();
    if (values.length === 0) {
      throw new ValueError(
        `study: ${name} can never exist: no value of ${quoted} is given. Give at least one.`,
      );
    }
    for (const value of values) {
      if (takes(target, value)) continue;
      const range =
        target.kind === "choice"
          ? `one of ${JSON.stringify(target.values)}`
          : `from ${target.low} to ${target.high}`;
      throw new ValueError(
        `study: ${name} depends on a value never taken: ${parent} = ${JSON.stringify(value)}; ` +
          `it is ${range}. Correct its \`when\`.`,
      );
    }
  }
}

function takes(parameter: Parameter, value: unknown): boolean {
  if (parameter.kind === "choice") return parameter.values.includes(value as Value);
  if (typeof value !== "number" || !(value >= parameter.low && value <= parameter.high)) {
    return false;
  }
  return parameter.kind === "float" || Number.isInteger(value);
}

/** The range in which the code is linear; a whole number stands for the unit around it. */
function edges(parameter: Exclude<Parameter, { kind: "choice" }>): [number, number] {
  const half = parameter.kind === "integer" ? 0.5 : 0;
  const low = parameter.low - half;
  const high = parameter.high + half;
  return parameter.log ? [Math.log(low), Math.log(high)] : [low, high];
}

/** The value that a number stands for. */
export function valueIn(parameter: Parameter, code: number): Value {
  if (parameter.kind === "choice") return parameter.values[code];
  const [a, b] = edges(parameter);
  const between = a + code * (b - a);
  const value = parameter.log ? Math.exp(between) : between;
  const whole = parameter.kind === "integer" ? Math.round(value) : value;
  return Math.min(parameter.high, Math.max(parameter.low, whole));
}

/** The number of a value in one dimension; one beyond a range is put to its end. */
export function codeOf(parameter: Parameter, value: Value): number {
  if (parameter.kind === "choice") return parameter.values.indexOf(value);
  const [a, b] = edges(parameter);
  const inside = Math.min(parameter.high, Math.max(parameter.low, value as number));
  const at = parameter.log ? Math.log(inside) : inside;
  return Math.min(1, Math.max(0, (at - a) / (b - a)));
}

/** Bounds, in code, of what decodes to the same value as `code`: [code, code] for a float. */
export function cell({ parameter }: Dimension, code: number): [number, number] {
  if (parameter.kind !== "integer") return [code, code];
  const [a, b] = edges(parameter);
  const value = valueIn(parameter, code) as number;
  const bound = (x: number) => ((parameter.log ? Math.log(x) : x) - a) / (b - a);
  return [Math.max(0, bound(value - 0.5)), Math.min(1, bound(value + 0.5))];
}

/**
 * A code made dimension by dimension: `pick` gives the number of each that exists (in [0, 1], or an
 * index) and sees those before it. Ranges of whole numbers are put on whole numbers.
 */
export function fill(
  { dimensions }: Layout,
  pick: (dimension: Dimension, d: number, code: Code) => number,
): Code {
  const code = new Float64Array(dimensions.length).fill(NaN);
  dimensions.forEach((dimension, d) => {
    if (!exists(dimensions, dimension, code)) return;
    const { parameter } = dimension;
    const picked = pick(dimension, d, code);
    code[d] = parameter.kind === "integer" ? codeOf(parameter, valueIn(parameter, picked)) : picked;
  });
  return code;
}

function exists(dimensions: readonly Dimension[], { parents }: Dimension, code: Code): boolean {
  return parents.every(({ at, values }) => {
    if (Number.isNaN(code[at])) return false;
    return values.includes(valueIn(dimensions[at].parameter, code[at]));
  });
}

/** A number for one dimension, each value equally likely. */
export function pickUniform(dimension: Dimension, random: Stream): number {
  if (dimension.parameter.kind === "choice") return random.integer(dimension.size);
  if (dimension.parameter.kind === "integer" && !dimension.parameter.log) {
    return (random.integer(dimension.size) + 0.5) / dimension.size;
  }
  return random.uniform();
}

/** A random point of the space. */
export function drawUniform(layout: Layout, random: Stream): Code {
  return fill(layout, (dimension) => pickUniform(dimension, random));
}

/** Normal steps of the given size (the range is 1) from a code; a choice changes with probability
 * `scale`, a whole number by about 1 at least. */
export function jitter(layout: Layout, from: Code, scale: number, random: Stream): Code {
  return fill(layout, (dimension, d) => {
    if (Number.isNaN(from[d])) return pickUniform(dimension, random);
    if (dimension.parameter.kind === "choice") {
      return random.uniform() < scale ? random.integer(dimension.size) : from[d];
    }
    const moved = from[d] + Math.max(scale, 0.7 / dimension.size) * random.normal();
    return Math.min(1, Math.max(0, moved));
  });
}

/** Values by name, in the space's own order, of the parameters that exist. */
export function decode(layout: Layout, code: Code): Record<string, Value> {
  const values = new Map<string, Value>();
  layout.dimensions.forEach(({ name, parameter }, d) => {
    if (!Number.isNaN(code[d])) values.set(name, valueIn(parameter, code[d]));
  });
  const named = layout.names.filter((name) => values.has(name));
  return Object.fromEntries(named.map((name) => [name, values.get(name)!]));
}

/** The code of params; `otherwise` gives the number where the value is missing or not of the
 * space. What the params have beyond the space is left out. */
export function encode(
  layout: Layout,
  params: Readonly<Record<string, unknown>>,
  otherwise: (dimension: Dimension) => number,
): Code {
  return fill(layout, (dimension) => {
    const value = params[dimension.name];
    if (takes(dimension.parameter, value)) return codeOf(dimension.parameter, value as Value);
    return otherwise(dimension);
  });
}

/** Whether two codes are the same point. */
export function sameCode(a: Code, b: Code): boolean {
  return a.every((x, d) => Object.is(x, b[d]) || x === b[d]);
}
