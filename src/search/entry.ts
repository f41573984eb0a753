// A trial as its study keeps it, and as JSON; a run that goes on counts for nothing before it ends.

import type { Code } from "./layout";
import { type SavedTrial, saveNumber } from "./saved";
import type { TrialState } from "./scheduler";
import type { Value } from "./space";

interface Report {
  readonly step: number;
  readonly value: number;
}

export interface Entry {
  readonly id: number;
  readonly code: Code;
  readonly params: Record<string, Value>;
  state: TrialState;
  value?: number;
  readonly reports: Report[];
  /** Steps it had when it was last asked. */
  start: number;
  /** When it was last asked, counted over the study. */
  asked: number;
  budget?: number;
  readonly from?: number;
  /** When its last run ended, counted over the study. */
  order?: number;
}

/** Steps trained for when its last run ended. */
export function stepOf({ state, reports, start }: Entry): number {
  return state === "running" ? start : (reports.at(-1)?.step ?? start);
}

/** What was told of a step, of a run that has ended. */
export function reportAt(entry: Entry, wanted: number): Report | undefined {
  if (wanted > stepOf(entry)) return undefined;
  return entry.reports.find(({ step }) => step === wanted);
}

export function saveEntry(entry: Entry): SavedTrial {
  const { params, state, value, reports, start, asked, budget, from, order } = entry;
  return {
    ...{ params, state, value: value === undefined ? undefined : saveNumber(value) },
    reports: reports.map((report) => [report.step, saveNumber(report.value)] as const),
    ...{ start, asked, budget, from, order },
  };
}

export function loadEntry(
  { reports, ...trial }: SavedTrial,
  id: number,
  encode: (params: SavedTrial["params"]) => Code,
): Entry {
  return {
    ...trial,
    id,
    params: { ...trial.params },
    code: encode(trial.params),
    value: trial.value === undefined ? undefined : Number(trial.value),
    reports: reports.map(([step, value]) => ({ step, value: Number(value) })),
  };
}
