// A Gaussian process with a Matérn 5/2 kernel and a length for each dimension, its settings at the
// maximum of likelihood times priors; values come standardised, codes in [0, 1] or as indices.

import { bfgs, type Valued } from "./bfgs";
import { cholesky, inverse, solveLower, solveUpper } from "./cholesky";
import type { Code } from "./layout";

/** Where the logarithms of the dimensions' q = length⁻² end, scale s² and noise follow. */
export interface Settings {
  readonly q: Float64Array;
  readonly scale: number;
  readonly noise: number;
}

export interface GaussianProcess {
  readonly settings: Settings;
  /** Mean and variance of the function, noise left out. */
  predict(code: Code): { mean: number; variance: number };
}

/** What the process is fitted to; `hamming[d]` where codes of dimension d are equal or not. */
export interface Data {
  readonly codes: readonly Code[];
  readonly values: readonly number[];
  readonly hamming: readonly boolean[];
}

const ROOT_FIVE = Math.sqrt(5);
// Below it, the factor of a matrix of near-equal rows loses its digits.
const LEAST_NOISE = 1e-7;

/** Squared difference in one dimension; 1 where only one of two has the parameter. */
function difference(hamming: boolean, a: number, b: number): number {
  if (a === b) return 0;
  if (hamming || Number.isNaN(a) || Number.isNaN(b)) {
    return Number.isNaN(a) && Number.isNaN(b) ? 0 : 1;
  }
  return (a - b) * (a - b);
}

/** How many lengths two codes are apart. */
export function distance(hamming: readonly boolean[], q: Float64Array, a: Code, b: Code): number {
  let r2 = 0;
  for (let d = 0; d < hamming.length; d++) r2 += q[d] * difference(hamming[d], a[d], b[d]);
  return Math.sqrt(r2);
}

/** The settings of the highest posterior, from two starts: long lengths, and short ones. */
export function fitSettings(data: Data): Settings {
  const objective = posterior(data);
  const size = data.hamming.length;
  const starts = [0, Math.log(8)].map((logQ) => {
    const start = new Float64Array(size + 2).fill(logQ);
    start[size] = 0;
    start[size + 1] = Math.log(1e-3);
    return bfgs(objective, start, { steps: 25, tolerance: 1e-2 });
  });
  const { x } = starts.reduce((a, b) => (b.value < a.value ? b : a));
  return settingsOf(x);
}

function settingsOf(x: Float64Array): Settings {
  const size = x.length - 2;
  return {
    q: x.slice(0, size).map(Math.exp),
    scale: Math.exp(x[size]),
    noise: LEAST_NOISE + Math.exp(x[size + 1]),
  };
}

/** −log(likelihood × priors) by the settings' logarithms, with its gradient. */
export function posterior({ codes, values, hamming }: Data): (x: Float64Array) => Valued {
  const n = codes.length;
  const size = hamming.length;
  // [pairs below the diagonal, dimensions]
  const squares = new Float64Array(((n * (n - 1)) / 2) * size);
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      for (let d = 0; d < size; d++) {
        squares[at++] = difference(hamming[d], codes[i][d], codes[j][d]);
      }
    }
  }
  return (x) => {
    const { q, scale, noise } = settingsOf(x);
    const gradient = new Float64Array(size + 2);
    const k = new Float64Array(n * n);
    const slopes = new Float64Array((n * (n - 1)) / 2);
    let pair = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        let r2 = 0;
        for (let d = 0; d < size; d++) r2 += q[d] * squares[pair * size + d];
        const r = Math.sqrt(r2);
        const decay = scale * Math.exp(-ROOT_FIVE * r);
        k[i * n + j] = decay * (1 + ROOT_FIVE * r + (5 / 3) * r2);
        slopes[pair++] = (-5 / 6) * decay * (1 + ROOT_FIVE * r); // by r², no division by r
      }
      k[i * n + i] = scale + noise;
    }
    const l = cholesky(k, n);
    if (l === undefined) return { value: Infinity, gradient };
    const { mean: m, alpha } = weigh(l, values);
    const w = inverse(l, n);
    let value = 0;
    for (let i = 0; i < n; i++) value += 0.5 * (values[i] - m) * alpha[i] + Math.log(l[i * n + i]);
    // ½ tr((K⁻¹ − ααᵀ) ∂K), both halves of the symmetric matrix in one.
    pair = 0;
    let trace = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        const weight = w[i * n + j] - alpha[i] * alpha[j];
        gradient[size] += weight * k[i * n + j];
        const slope = weight * slopes[pair];
        for (let d = 0; d < size; d++) gradient[d] += slope * squares[pair * size + d];
        pair++;
      }
      trace += w[i * n + i] - alpha[i] * alpha[i];
    }
    gradient[size] += 0.5 * trace * scale;
    const free = noise - LEAST_NOISE;
    gradient[size + 1] = 0.5 * trace * free;
    for (let d = 0; d < size; d++) {
      value += 0.1 * (1 / q[d] + q[d]);
      gradient[d] = gradient[d] * q[d] + 0.1 * (q[d] - 1 / q[d]);
    }
    // Gamma(2, 1) on the scale, Gamma(1.1, 30) on the noise: shape and rate.
    value += scale - Math.log(scale) + 30 * noise - 0.1 * Math.log(noise);
    gradient[size] += scale - 1;
    gradient[size + 1] += (30 - 0.1 / noise) * free;
    return { value, gradient };
  };
}

/** The constant mean of highest likelihood, 1ᵀK⁻¹y / 1ᵀK⁻¹1, and K⁻¹(y − mean). A search puts most
 * points where values are low; their plain mean would promise low values everywhere. */
function weigh(l: Float64Array, values: readonly number[]) {
  const n = values.length;
  const solve = (b: Float64Array) => solveUpper(l, solveLower(l, b, n), n);
  const alpha = solve(Float64Array.from(values));
  const ones = solve(new Float64Array(n).fill(1));
  const sum = (x: Float64Array) => x.reduce((total, v) => total + v, 0);
  const mean = sum(alpha) / sum(ones);
  return { mean, alpha: alpha.map((a, i) => a - mean * ones[i]) };
}

/** The process of given settings. */
export function condition(data: Data, settings: Settings): GaussianProcess {
  const { codes, values, hamming } = data;
  const { q, scale, noise } = settings;
  const n = codes.length;
  const kernel = (a: Code, b: Code) => {
    const r = distance(hamming, q, a, b);
    return scale * (1 + ROOT_FIVE * r + (5 / 3) * r * r) * Math.exp(-ROOT_FIVE * r);
  };
  const k = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) k[i * n + j] = kernel(codes[i], codes[j]);
  }
  const l = factor(k, n, scale + noise, scale * 1e-8);
  const { mean: constant, alpha } = weigh(l, values);
  const row = new Float64Array(n);
  return {
    settings,
    predict(code) {
      let mean = constant;
      for (let i = 0; i < n; i++) {
        row[i] = kernel(code, codes[i]);
        mean += row[i] * alpha[i];
      }
      solveLower(l, row, n);
      let explained = 0;
      for (let i = 0; i < n; i++) explained += row[i] * row[i];
      return { mean, variance: Math.max(0, scale - explained) };
    },
  };
}

/** L of k with this diagonal, which is raised where rounding leaves no root. */
function factor(k: Float64Array, n: number, diagonal: number, step: number): Float64Array {
  for (let raise = 0; ; raise = Math.max(step, 10 * raise)) {
    for (let i = 0; i < n; i++) k[i * n + i] = diagonal + raise;
    const l = cholesky(k, n);
    if (l !== undefined) return l;
  }
}
