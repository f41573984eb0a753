// Search spaces: plain JSON values that say what each hyperparameter may be; a range or choice that
// makes no sense throws where it is written, before any trial.

import { ValueError } from "../core/errors";

/** What a choice is between: values that JSON keeps as they are. */
export type Value = string | number | boolean | null;

/** Names of other parameters, each with the values (or one value) at which this one exists. */
export type When = Readonly<Record<string, Value | readonly Value[]>>;

export interface FloatParameter<W = When | undefined> {
  readonly kind: "float";
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  readonly when: W;
}

export interface IntegerParameter<W = When | undefined> {
  readonly kind: "integer";
  readonly low: number;
  /** Included. */
  readonly high: number;
  readonly log: boolean;
  readonly when: W;
}

export interface ChoiceParameter<V extends Value = Value, W = When | undefined> {
  readonly kind: "choice";
  readonly values: readonly V[];
  readonly when: W;
}

export type Parameter = FloatParameter | IntegerParameter | ChoiceParameter;

/** Parameters by name. */
export type Space = Readonly<Record<string, Parameter>>;

type ValueOf<P> = P extends ChoiceParameter<infer V, unknown> ? V : number;

/** A value for each parameter; one whose condition does not hold is absent. */
export type Params<S extends Space> = {
  readonly [K in keyof S]: ValueOf<S[K]> | (S[K]["when"] extends undefined ? never : undefined);
};

interface RangeOptions<W> {
  /** Equal ratios are equally likely, as for a learning rate. */
  readonly log?: boolean;
  /** The parameter exists only when all of these hold. */
  readonly when?: W;
}

function checkRange(op: string, low: number, high: number, log: boolean): void {
  const given = `low is ${low}, high is ${high}`;
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    throw new ValueError(`${op}: a bound is no finite number: ${given}. Give two numbers.`);
  }
  if (low >= high) {
    throw new ValueError(`${op}: low is not below high: ${given}. Give low < high.`);
  }
  if (log && low <= 0) {
    throw new ValueError(
      `${op}: a log range must be above 0: ${given}. Raise low, or leave log out.`,
    );
  }
}

/** A real number in [low, high]. Throws ValueError unless low < high, above 0 if log. */
export function float<const W extends When | undefined = undefined>(
  low: number,
  high: number,
  { log = false, when }: RangeOptions<W> = {},
): FloatParameter<W> {
  checkRange("float", low, high, log);
  return { kind: "float", low, high, log, when: when as W };
}

/** A whole number from low to high, both included. Throws ValueError unless low < high, both
 * whole, above 0 if log. */
export function integer<const W extends When | undefined = undefined>(
  low: number,
  high: number,
  { log = false, when }: RangeOptions<W> = {},
): IntegerParameter<W> {
  checkRange("integer", low, high, log);
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high)) {
    throw new ValueError(
      `integer: a bound is not whole: low is ${low}, high is ${high}. Use whole numbers, or float.`,
    );
  }
  return { kind: "integer", low, high, log, when: when as W };
}

/** One of the values, which have no order. Throws ValueError for an empty list, a value that
 * stands twice, or one that JSON does not keep. */
export function choice<
  const V extends readonly Value[],
  const W extends When | undefined = undefined,
>(values: V, { when }: { readonly when?: W } = {}): ChoiceParameter<V[number], W> {
  if (!Array.isArray(values) || values.length === 0) {
    const got = Array.isArray(values) ? "an empty list" : String(values);
    throw new ValueError(`choice: nothing to choose from: got ${got}. Give at least one value.`);
  }
  values.forEach((value: Value, i) => {
    if (!isValue(value)) {
      throw new ValueError(
        `choice: value ${i} is not plain: got ${String(value)}. ` +
          "Use strings, finite numbers, booleans or null.",
      );
    }
    if (values.indexOf(value) !== i) {
      throw new ValueError(
        `choice: a value stands twice: ${JSON.stringify(value)} in ${JSON.stringify(values)}. ` +
          "Give each once.",
      );
    }
  });
  return { kind: "choice", values: [...values], when: when as W };
}

function isValue(x: unknown): x is Value {
  if (typeof x === "number") return Number.isFinite(x);
  return x === null || typeof x === "string" || typeof x === "boolean";
}

/** The same parameter, made anew, so that one written by hand is checked as others are. */
export function checked(name: string, parameter: Parameter): Parameter {
  switch (parameter?.kind) {
    case "float":
      return float(parameter.low, parameter.high, parameter);
    case "integer":
      return integer(parameter.low, parameter.high, parameter);
    case "choice":
      return choice(parameter.values, parameter);
    default:
      throw new ValueError(
        `study: ${name} is no parameter: got ${JSON.stringify(parameter)}. ` +
          "Make it with float, integer or choice.",
      );
  }
}
