// What the page and its worker tell each other, and the settings that a link to the page carries:
// the same settings give the same training.

const PROBLEMS = ["sines", "characters", "rates", "optimizer"] as const;
export type ProblemName = (typeof PROBLEMS)[number];

export interface Settings {
  readonly problem: ProblemName;
  readonly device: "auto" | "webgpu" | "wasm";
  /** Which meta-gradients train: the exact one, the first-order one, or a run of each. */
  readonly order: "2" | "1" | "both";
  readonly seed: number;
}

const CHOICES = {
  problem: PROBLEMS,
  device: ["auto", "webgpu", "wasm"],
  order: ["2", "1", "both"],
} as const;

function choice<K extends keyof typeof CHOICES>(query: URLSearchParams, name: K) {
  const list: readonly string[] = CHOICES[name];
  const given = query.get(name) ?? "";
  return (list.includes(given) ? given : list[0]) as (typeof CHOICES)[K][number];
}

/** The settings of a link; what is missing or unknown is the default. */
export function settingsOf(search: string): Settings {
  const query = new URLSearchParams(search);
  const seed = Number(query.get("seed") ?? 0);
  return {
    problem: choice(query, "problem"),
    device: choice(query, "device"),
    order: choice(query, "order"),
    seed: Number.isSafeInteger(seed) && seed >= 0 ? seed : 0,
  };
}

export function searchOf({ problem, device, order, seed }: Settings): string {
  return `?${new URLSearchParams({ problem, device, order, seed: String(seed) })}`;
}

/** A curve: y at each of x. */
export interface Line {
  readonly label: string;
  readonly y: readonly (number | null)[];
  readonly dashed?: boolean;
}

/** What the problem's own chart shows. */
export interface Picture {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly x: readonly number[];
  readonly lines: readonly Line[];
  readonly logarithmic?: boolean;
}

/** One run of an order since the frame before. */
export interface Progress {
  readonly order: 1 | 2;
  readonly losses: readonly number[];
  /** Of the last step: the norm of the meta-gradient after each inner step. */
  readonly norms: readonly number[];
}

/** What the page shows of a moment of the training. */
export interface Frame {
  readonly step: number;
  readonly progress: readonly Progress[];
  readonly picture: Picture | null;
  /** Share of test characters told right, before and after the inner steps. */
  readonly accuracy: readonly [before: number, after: number] | null;
  readonly stepMs: number;
  readonly bytes: number;
  readonly peakBytes: number;
}

/** Images of 28 x 28 with ink 1 on 0. */
export interface Drawings {
  /** One of each of five characters. */
  readonly support: Float32Array;
  /** One to tell. */
  readonly query: Float32Array;
}

export type Request =
  | { readonly type: "start"; readonly settings: Settings; readonly running: boolean }
  | { readonly type: "device"; readonly device: Settings["device"] }
  | { readonly type: "order"; readonly order: Settings["order"] }
  | { readonly type: "run" | "pause" | "step" | "save" | "graph" }
  | { readonly type: "load"; readonly bytes: Uint8Array }
  | { readonly type: "tell"; readonly drawings: Drawings };

export type Answer =
  | { readonly type: "ready"; readonly device: string; readonly reason: string; about: string }
  | { readonly type: "frame"; readonly frame: Frame }
  | { readonly type: "running"; readonly running: boolean }
  | { readonly type: "saved"; readonly bytes: Uint8Array; readonly name: string }
  | { readonly type: "loaded"; readonly settings: Settings; readonly step: number }
  | { readonly type: "graph"; readonly html: string }
  /** Probabilities of the five, after each number of inner steps from 0. */
  | { readonly type: "told"; readonly steps: readonly (readonly number[])[] }
  | { readonly type: "notice"; readonly text: string; readonly bad: boolean };
