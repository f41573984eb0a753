// Random numbers from explicit keys: a draw is a pure function of its key, with the same bits on
// every device. Use a key once; `split` makes new ones.

import { ShapeError, ValueError } from "../core/errors";
import { optionsOf } from "../core/options";
import { axisOf, checkShape, expandsTo, type Shape, show, sizeOf } from "../core/shape";
import { device } from "../device/current";
import { type Like, upload } from "../tensor/create";
import { type DefinedOp, defineOp } from "../tensor/op";
import { isTensor, type Tensor } from "../tensor/tensor";
import { add, clip, div, maximum, mul, sub } from "./arithmetic";
import { needFloats, needTensors } from "./checks";
import { less } from "./compare";
import { elementwise, toTensor } from "./elementwise";
import { expand } from "./expand";
import { erf, erfInv, log, neg } from "./math";
import { splitAlong, transpose } from "./movement";
import { argmax } from "./reduce";
import { reshape } from "./reshape";
import { argsort } from "./sort";

/** Where random numbers come from: an int32 tensor of shape [2]. */
export type Key = Tensor;

const ROOT_TWO = Math.SQRT2;
const STEP = 2 ** -24; // uniform draws are multiples of it
const LARGEST = 1 - STEP; // below 1, in float32 too

/** Words of the streams of keys [..., 2]: int32 [..., ...shape]. */
const randomBitsOp: DefinedOp<Shape> = defineOp<Shape>({
  name: "randomBits",
  shape: ([key], shape) => ({ shape: [...key.shape.slice(0, -1), ...shape], dtype: "int32" }),
  run: (calls, [key], y, shape) => {
    calls.run("randomBits", [calls.solid(key)], [y.storage], [key.size / 2, sizeOf(shape)]);
  },
  batch: ([key], _, shape) => randomBitsOp([key], shape),
});

/** New keys from keys [..., 2]: int32 [..., n, 2]. */
const splitKeyOp: DefinedOp<number> = defineOp<number>({
  name: "splitKey",
  shape: ([key], n) => ({ shape: [...key.shape.slice(0, -1), n, 2], dtype: "int32" }),
  run: (calls, [key], y, n) => {
    calls.run("splitKey", [calls.solid(key)], [y.storage], [key.size / 2, n]);
  },
  batch: ([key], _, n) => splitKeyOp([key], n),
});

/** The top 24 bits of int32 words, as multiples of 2⁻²⁴ in [0, 1). */
const unitFloat = elementwise("unitFloat", { int32: "unitFloat", gives: "float32" });

/**
 * The key of a seed, on the current device. Every whole number below 2⁵³ in size has its own.
 * @throws ValueError unless the seed is such a number
 */
export function key(seed: number): Key {
  if (!Number.isSafeInteger(seed)) {
    throw new ValueError(`key: the seed is no whole number: ${seed}. Use one below 2^53.`);
  }
  return upload(device(), Int32Array.of(seed, Math.floor(seed / 2 ** 32)), [2], "int32");
}

function isKey(x: Tensor): boolean {
  return x.dtype === "int32" && x.shape.length === 1 && x.shape[0] === 2;
}

export function checkKey(name: string, given: Key): void {
  if (!isTensor(name, given)) {
    const seed = Number.isSafeInteger(given) ? given : "seed";
    throw new TypeError(`${name}: no key: got ${String(given)}. Use key(${seed}).`);
  }
  if (isKey(given)) return;
  throw new ShapeError(
    `${name}: no key: got ${given.dtype} ${show(given.shape)}, a key is int32 [2]. Use key(seed).`,
  );
}

/** `n` new keys, independent of each other and of what the old one draws. */
export function split(key: Key, n?: number): Key[];
/**
 * The parts of `x` along an axis: so many equal ones, or ones of these sizes. For an int32 [2]
 * tensor, which could be a key, name the axis; else it is 0 when left out.
 * @throws ShapeError when the parts do not add up to the axis
 */
export function split(x: Tensor, parts: number | readonly number[], axis?: number): Tensor[];
export function split(x: Tensor, parts: number | readonly number[] = 2, axis?: number): Tensor[] {
  needTensors("split", { x });
  if (typeof parts !== "number" || axis !== undefined || !isKey(x)) {
    return splitAlong(x, parts, axis ?? 0);
  }
  checkShape("split", [parts]);
  if (parts === 0) return [];
  const keys = splitAlong(splitKeyOp([x], parts), parts, 0);
  return keys.map((one) => reshape(one, [2]));
}

function unit(name: string, key: Key, shape: Shape): Tensor {
  checkKey(name, key);
  checkShape(name, shape);
  return unitFloat([randomBitsOp([key], shape)]);
}

/** y · scale + shift. A tensor that does not broadcast to `shape` is an error. */
function moved(name: string, y: Tensor, scale: Like, shift: Like): Tensor {
  for (const t of [scale, shift]) {
    if (typeof t === "number" || expandsTo(t.shape, y.shape)) continue;
    throw new ShapeError(
      `${name}: a parameter does not fit: it is ${show(t.shape)}, the draws are ` +
        `${show(y.shape)}. It must broadcast to them.`,
    );
  }
  const scaled = scale === 1 ? y : mul(y, scale);
  return shift === 0 ? scaled : add(scaled, shift);
}

export interface UniformOptions {
  /** Default 0. Gradients reach it where it is a tensor, as they do `high`. */
  readonly low?: Like;
  /** Default 1. */
  readonly high?: Like;
}

/** Numbers evenly spread over [low, high): 2²⁴ different ones, to rounding. */
export function uniform(key: Key, shape: Shape, options: UniformOptions = {}): Tensor {
  const { low = 0, high = 1 } = optionsOf("uniform", options, ["low", "high"]);
  const numbers = typeof low === "number" && typeof high === "number";
  const width = numbers ? high - low : sub(high, low);
  return moved("uniform", unit("uniform", key, shape), width, low);
}

export interface NormalOptions {
  /** Default 0. Gradients reach it where it is a tensor, as they do `std`. */
  readonly mean?: Like;
  /** Standard deviation. Default 1. */
  readonly std?: Like;
}

/** Numbers of the normal distribution: √2 · erfInv(u), u uniform in (−1, 1). */
export function normal(key: Key, shape: Shape, options: NormalOptions = {}): Tensor {
  const { mean = 0, std = 1 } = optionsOf("normal", options, ["mean", "std"]);
  const u = add(mul(unit("normal", key, shape), 2), STEP - 1); // symmetric, and never −1
  const scale = typeof std === "number" ? std * ROOT_TWO : mul(std, ROOT_TWO);
  return moved("normal", erfInv(u), scale, mean);
}

export interface TruncatedNormalOptions {
  /** Default −2. */
  readonly low?: Like;
  /** Default 2. */
  readonly high?: Like;
}

/**
 * Numbers of the standard normal distribution, held between `low` and `high`, to which gradients
 * reach. Meant for bounds that are not both far on one side: there float32 knows few numbers.
 */
export function truncatedNormal(
  key: Key,
  shape: Shape,
  options: TruncatedNormalOptions = {},
): Tensor {
  const { low = -2, high = 2 } = optionsOf("truncatedNormal", options, ["low", "high"]);
  if (typeof low === "number" && typeof high === "number" && !(low < high)) {
    throw new ValueError(`truncatedNormal: no range: low is ${low}, high is ${high}. Swap them.`);
  }
  const v = add(unit("truncatedNormal", key, shape), STEP / 2);
  const below = (x: Like) => erf(div(toTensor("truncatedNormal", x), ROOT_TWO));
  const a = below(low);
  const u = moved("truncatedNormal", v, sub(below(high), a), a);
  return clip(mul(erfInv(clip(u, -LARGEST, LARGEST)), ROOT_TWO), low, high);
}

/**
 * true with probability `p`, a number or a tensor that broadcasts to `shape`.
 * @throws ValueError when p is a number outside [0, 1]
 */
export function bernoulli(key: Key, shape: Shape, p: Like = 0.5): Tensor {
  if (typeof p === "number" && !(p >= 0 && p <= 1)) {
    throw new ValueError(`bernoulli: no probability: p is ${p}. Use 0 to 1.`);
  }
  const u = unit("bernoulli", key, shape);
  if (typeof p === "number" || expandsTo(p.shape, u.shape)) return less(u, p);
  throw new ShapeError(
    `bernoulli: p does not fit: p is ${show(p.shape)}, the shape is ${show(shape)}. ` +
      "It must broadcast to it.",
  );
}

/**
 * Indices drawn with the probabilities softmax(logits) along an axis, int32 of this shape, which
 * the logits without that axis broadcast to: [100] from logits [10], or [32] from [32, 10]. By the
 * largest of logits + Gumbel noise.
 * @throws ShapeError when the logits do not broadcast to the shape, or have no element to choose
 */
export function categorical(
  key: Key,
  shape: Shape,
  logits: Tensor,
  options: { axis?: number } = {},
): Tensor {
  const { axis = -1 } = optionsOf("categorical", options, ["axis"]);
  needFloats("categorical", { logits });
  checkShape("categorical", shape);
  const at = axisOf("categorical", axis, logits.shape.length);
  const others = logits.shape.map((_, i) => i).filter((i) => i !== at);
  const rows = transpose(logits, [...others, at]);
  const n = logits.shape[at];
  if (!expandsTo(rows.shape.slice(0, -1), shape)) {
    throw new ShapeError(
      `categorical: logits do not fit: logits is ${show(logits.shape)}, the shape is ` +
        `${show(shape)}. Without axis ${at} they must broadcast to it.`,
    );
  }
  const u = unit("categorical", key, [...shape, n]);
  const gumbel = neg(log(neg(log(maximum(u, STEP / 2)))));
  return argmax(add(expand(rows, gumbel.shape), gumbel), { axis: -1 });
}

/** 0 to n − 1 in random order, int32. */
export function permutation(key: Key, n: number): Tensor {
  checkKey("permutation", key);
  checkShape("permutation", [n]);
  return argsort(randomBitsOp([key], [n]));
}
