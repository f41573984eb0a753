// Sound to log-mel frames: the energy in bands that are spaced as the ear hears them, a frame every
// few milliseconds. The same samples give the same numbers in every runtime.

import { ValueError } from "../core/errors";
import type { HostArray } from "./safetensors";

export interface LogMelOptions {
  /** Samples a second. */
  readonly rate: number;
  /** Bands. Default 40. */
  readonly mels?: number;
  /** Length of a frame in seconds. Default 0.025. */
  readonly frame?: number;
  /** From one frame to the next, in seconds. Default 0.01. */
  readonly hop?: number;
  /** Lowest frequency in Hz. Default 20. */
  readonly low?: number;
  /** Highest frequency in Hz. Default rate / 2. */
  readonly high?: number;
  /** Added to energies before the logarithm. Default 1e-6. */
  readonly floor?: number;
}

/** Hz to mel (O'Shaughnessy 1987). */
const melOf = (hz: number) => 2595 * Math.log10(1 + hz / 700);
const hzOf = (mel: number) => 700 * (10 ** (mel / 2595) - 1);

/**
 * float32 [frames, mels]: log(energy + floor) of each band, triangles on the mel scale, of frames
 * in a Hann window. Samples that do not fill a last frame are left out; fewer than one frame are
 * padded by silence to one. Gives a function, which keeps window and bands.
 * @throws ValueError for bands that are none, and for no sample at all
 */
export function logMel(options: LogMelOptions): (samples: Float32Array) => HostArray {
  const { rate, mels = 40, frame = 0.025, hop = 0.01, low = 20, floor = 1e-6 } = options;
  const { high = rate / 2 } = options;
  const length = Math.round(frame * rate);
  const step = Math.round(hop * rate);
  if (!(Number.isInteger(mels) && mels > 0 && low >= 0 && low < high && high <= rate / 2)) {
    throw new ValueError(
      `logMel: no such bands: ${mels} from ${low} to ${high} Hz at rate ${rate}. Use 1 or more, ` +
        `between 0 and ${rate / 2} Hz.`,
    );
  }
  if (!(length >= 2 && step >= 1)) {
    throw new ValueError(
      `logMel: no such frames: ${frame} s every ${hop} s at rate ${rate}. Use longer ones.`,
    );
  }
  const size = 2 ** Math.ceil(Math.log2(length));
  const window = Float64Array.from(
    { length },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length),
  );
  const bands = triangles(mels, low, high, rate, size);
  const transform = fourier(size);
  return (samples) => {
    if (samples.length === 0) {
      throw new ValueError("logMel: empty sequence: there is no sample. Leave the sound out.");
    }
    const frames = Math.max(1, 1 + Math.floor((samples.length - length) / step));
    const data = new Float32Array(frames * mels);
    const re = new Float64Array(size);
    const im = new Float64Array(size);
    for (let t = 0; t < frames; t++) {
      re.fill(0);
      im.fill(0);
      for (let i = 0; i < length; i++) re[i] = (samples[t * step + i] ?? 0) * window[i];
      transform(re, im);
      for (const [m, { from, weights }] of bands.entries()) {
        let energy = 0;
        for (let k = 0; k < weights.length; k++) {
          energy += weights[k] * (re[from + k] ** 2 + im[from + k] ** 2);
        }
        data[t * mels + m] = Math.log(energy + floor);
      }
    }
    return { data, shape: [frames, mels] };
  };
}

/** Weights of the bins of each band; a band so narrow that it has none takes the nearest bin. */
function triangles(mels: number, low: number, high: number, rate: number, size: number) {
  const [a, b] = [melOf(low), melOf(high)];
  const corners = Array.from(
    { length: mels + 2 },
    (_, i) => (hzOf(a + ((b - a) * i) / (mels + 1)) * size) / rate,
  );
  return Array.from({ length: mels }, (_, m) => {
    const [left, top, right] = corners.slice(m, m + 3);
    const from = Math.ceil(left);
    const weights: number[] = [];
    for (let k = from; k < right && k <= size / 2; k++) {
      weights.push(k <= top ? (k - left) / (top - left) : (right - k) / (right - top));
    }
    if (weights.some((w) => w > 0)) return { from, weights };
    return { from: Math.min(Math.round(top), size / 2), weights: [1] };
  });
}

/** The discrete Fourier transform of `size` numbers, a power of two, in place (Cooley and Tukey
 * 1965). */
export function fourier(size: number): (re: Float64Array, im: Float64Array) => void {
  const cos = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size));
  const sin = Float64Array.from({ length: size / 2 }, (_, i) => Math.sin((2 * Math.PI * i) / size));
  return (re, im) => {
    for (let i = 0, j = 0; i < size; i++) {
      if (i < j) {
        [re[i], re[j]] = [re[j], re[i]];
        [im[i], im[j]] = [im[j], im[i]];
      }
      let bit = size >> 1;
      for (; bit > 0 && (j & bit) !== 0; bit >>= 1) j ^= bit;
      j |= bit;
    }
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const [a, b] = [start + k, start + k + half];
          const [c, s] = [cos[k * stride], -sin[k * stride]];
          const [x, y] = [re[b] * c - im[b] * s, re[b] * s + im[b] * c];
          [re[b], im[b]] = [re[a] - x, im[a] - y];
          [re[a], im[a]] = [re[a] + x, im[a] + y];
        }
      }
    }
  };
}
