// A benchmark row: a function of tensors, its inputs, its work and how exact it must be. It knows
// no device and no runtime, so that every one of them times the very same thing.

import { key, type Tensor, type Tree, tensor } from "hypergrad";

export type Role = "image" | "kernel";

/** One input: what numbers it holds. Equal for every device, runtime and peer. */
export type Input =
  | {
      readonly kind: "normal";
      readonly shape: readonly number[];
      readonly scale?: number;
      /** What its axes are, for peers that want others: n h w c, or kh kw c oc. */
      readonly role?: Role;
    }
  | { readonly kind: "positive"; readonly shape: readonly number[]; readonly scale?: number }
  | { readonly kind: "index"; readonly shape: readonly number[]; readonly below: number }
  /** i % below */
  | { readonly kind: "label"; readonly shape: readonly number[]; readonly below: number }
  | { readonly kind: "key"; readonly seed: number };

/** Useful arithmetic and bytes read and written, of one call. */
export interface Work {
  readonly flops?: number;
  readonly bytes?: number;
}

/**
 * How far an element may be from the reference device, as a share of the largest element: nothing
 * where numbers are only moved, float32 arithmetic and sums, WGSL's functions, and whole training
 * steps, whose roundings multiply.
 */
export const WITHIN = { exact: 0, arithmetic: 1e-5, functions: 1e-4, steps: 1e-3 } as const;

export interface Row {
  readonly name: string;
  readonly inputs: readonly Input[];
  /** Makes the arguments of `f` from the inputs, once and outside the time. */
  readonly prepare?: (...xs: Tensor[]) => Tensor[];
  readonly f: (...xs: Tensor[]) => Tree;
  /** "counted": as the compiled program counts it. */
  readonly work: Work | "counted";
  readonly within: keyof typeof WITHIN;
  /** The same function by another way, where `f` is slow on the reference device. */
  readonly truth?: (...xs: Tensor[]) => Tree;
  /** Rows of one word here have the same result, which is then found once. */
  readonly computes?: string;
  /** Ops in one call; times are given for one of them. Default 1. */
  readonly ops?: number;
  /** Whether `f` is run as a program. */
  readonly compiled?: boolean;
  /** Whether `--quick` times it. */
  readonly quick?: boolean;
}

/** Rows that are timed in turn, so that their ratios mean something. */
export interface Group {
  readonly name: string;
  readonly rows: readonly Row[];
}

export type HostArray = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** Uniform in [0, 1) from a seed: mulberry32. */
function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((n, size) => n * size, 1);
}

/** The numbers of an input; `place` among the inputs is their seed. */
export function numbers(input: Input, place: number): HostArray {
  const next = uniform(1000 + place);
  if (input.kind === "key") return Int32Array.of(input.seed, 0);
  const n = sizeOf(input.shape);
  if (input.kind === "label") return Int32Array.from({ length: n }, (_, i) => i % input.below);
  if (input.kind === "index") {
    return Int32Array.from({ length: n }, () => Math.floor(next() * input.below));
  }
  const { scale = 1 } = input;
  if (input.kind === "positive") {
    return Float32Array.from({ length: n }, () => scale * (0.5 + 1.5 * next()));
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Float32Array.from({ length: n }, () => scale * normal());
}

/** The inputs as tensors of the current device. */
export function tensors(inputs: readonly Input[]): Tensor[] {
  return inputs.map((input, place) =>
    input.kind === "key" ? key(input.seed) : tensor(numbers(input, place), [...input.shape]),
  );
}

export const normal = (...shape: number[]): Input => ({ kind: "normal", shape });
export const positive = (...shape: number[]): Input => ({ kind: "positive", shape });
export const index = (below: number, ...shape: number[]): Input => ({
  kind: "index",
  shape,
  below,
});

export const label = (below: number, ...shape: number[]): Input => ({
  kind: "label",
  shape,
  below,
});

/** Normal with deviation √(gain / fan-in): weights as nets start with. */
export function weights(shape: readonly number[], gain = 2): Input {
  const scale = Math.sqrt(gain / sizeOf(shape.slice(0, -1)));
  return { kind: "normal", shape, scale, role: shape.length === 4 ? "kernel" : undefined };
}

/** Images [..., n, h, w, c]. */
export const images = (...shape: number[]): Input => ({ kind: "normal", shape, role: "image" });
