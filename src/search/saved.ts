// Studies as JSON, and what a new study takes from earlier ones; values that are not finite are
// written as text, since JSON has none.

import { ValueError } from "../core/errors";
import { type Stream, stream } from "../core/random";
import { type Code, decode, encode, type Layout, pickUniform, sameCode } from "./layout";
import { type Earlier, standardised } from "./sampler";
import type { TrialState } from "./scheduler";
import type { Space, Value } from "./space";

export type Direction = "minimize" | "maximize";

/** A finite number, or "NaN", "Infinity", "-Infinity". */
type SavedNumber = number | string;

export interface SavedTrial {
  readonly params: Readonly<Record<string, Value>>;
  readonly state: TrialState;
  readonly value?: SavedNumber;
  readonly reports: readonly (readonly [step: number, value: SavedNumber])[];
  readonly start: number;
  readonly asked: number;
  readonly budget?: number;
  readonly from?: number;
  readonly order?: number;
}

export interface StudyJSON {
  readonly version: 1;
  readonly space: Space;
  readonly seed: number;
  readonly direction: Direction;
  readonly constrained: boolean;
  readonly sampler: { readonly name: string; readonly options: unknown };
  readonly scheduler: { readonly name: string; readonly options: unknown } | null;
  /** Of each earlier study: params and standardised values, best first. */
  readonly earlier: readonly (readonly SavedEarlier[])[];
  readonly trials: readonly SavedTrial[];
}

interface SavedEarlier {
  readonly params: Readonly<Record<string, Value>>;
  readonly value: number;
}

export function saveNumber(x: number): SavedNumber {
  return Number.isFinite(x) ? x : String(x);
}

/** @throws ValueError unless it has the form that toJSON gives */
export function checkSaved(op: string, json: StudyJSON): void {
  const whole = "Give what toJSON() gave, or JSON.parse of its text.";
  if (json?.version !== 1 || !Array.isArray(json.trials) || !Array.isArray(json.earlier)) {
    throw new ValueError(
      `${op}: no saved study: got ${typeof json}, version ${json?.version}. ${whole}`,
    );
  }
  const damaged = json.trials.findIndex(
    (trial?: Partial<SavedTrial>) => !isObject(trial?.params) || !Array.isArray(trial?.reports),
  );
  if (damaged === -1) return;
  throw new ValueError(`${op}: trial ${damaged} is without params or without reports. ${whole}`);
}

const isObject = (x: unknown) => typeof x === "object" && x !== null;

const MOST_WARM = 10;
const MOST_WARM_EACH = 3;
// Far above every trial's own stream.
const WARM_STREAM = 2 ** 52;

/** The trials of earlier studies as points of this space, best first; a parameter that they lack,
 * or have outside its range, is drawn at random. */
export function takeEarlier(layout: Layout, studies: readonly StudyJSON[], seed: number) {
  return studies.map((json, i): Earlier => {
    checkSaved("warmStart", json);
    const random: Stream = stream(seed, WARM_STREAM + i);
    const sign = json.direction === "maximize" ? -1 : 1;
    const finite = json.trials.flatMap(({ params, value }) =>
      typeof value === "number" ? [{ params, value: sign * value }] : [],
    );
    const values = standardised(finite);
    const order = finite.map((_, i) => i).sort((i, j) => finite[i].value - finite[j].value);
    return order.map((i) => ({
      code: encode(layout, finite[i].params, (dimension) => pickUniform(dimension, random)),
      value: values[i],
    }));
  });
}

export function saveEarlier(layout: Layout, earlier: readonly Earlier[]) {
  return earlier.map((study) =>
    study.map(({ code, value }): SavedEarlier => ({ params: decode(layout, code), value })),
  );
}

export function loadEarlier(layout: Layout, saved: StudyJSON["earlier"]): Earlier[] {
  return saved.map((study) =>
    study.map(({ params, value }) => ({ code: encode(layout, params, () => NaN), value })),
  );
}

/** What a study with earlier ones asks first: the best of each, then the second best, and so on, at
 * most 3 of each and 10 in all. */
export function warmPoints(earlier: readonly Earlier[], allowed: (code: Code) => boolean): Code[] {
  const points: Code[] = [];
  for (let rank = 0; rank < MOST_WARM_EACH; rank++) {
    for (const study of earlier) {
      const code = study[rank]?.code;
      if (code === undefined || points.length === MOST_WARM || !allowed(code)) continue;
      if (!points.some((other) => sameCode(code, other))) points.push(code);
    }
  }
  return points;
}
