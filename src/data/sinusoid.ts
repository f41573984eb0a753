// Sine curves to fit, one a task: amplitude, phase and the points are a pure function of
// (key, index).

import { needWhole, optionsOf } from "../core/options";
import { stream } from "../core/random";

/** Points of one curve: x and y are columns. */
export interface Points {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly shape: readonly [n: number, one: 1];
}

export interface SinusoidTask {
  readonly amplitude: number;
  readonly phase: number;
  readonly support: Points;
  readonly query: Points;
}

export interface SinusoidOptions {
  /** The seed. */
  key: number;
  /** Support points; 10 when not given. */
  shot?: number;
  /** Query points; 10 when not given. */
  query?: number;
}

/** Tasks by index: y = A sin(x - phase) with A ~ U(0.1, 5), phase ~ U(0, pi), x ~ U(-5, 5)
 * (Finn, Abbeel, Levine 2017, section 5.1). Throws a ValueError for counts below 1. */
export function sinusoids(options: SinusoidOptions): (index: number) => SinusoidTask {
  optionsOf("sinusoids", options, ["key", "shot", "query"]);
  const { key, shot = 10, query = 10 } = options;
  needWhole("sinusoids", { shot, query }, 1);
  return (index) => {
    const random = stream(key, index);
    const amplitude = 0.1 + 4.9 * random.uniform();
    const phase = Math.PI * random.uniform();
    const draw = (n: number): Points => {
      const x = new Float32Array(n);
      const y = new Float32Array(n);
      for (let i = 0; i < n; i++) {
        x[i] = 10 * random.uniform() - 5;
        y[i] = amplitude * Math.sin(x[i] - phase);
      }
      return { x, y, shape: [n, 1] };
    };
    return { amplitude, phase, support: draw(shot), query: draw(query) };
  };
}
