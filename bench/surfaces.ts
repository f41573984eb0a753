// Functions with known minima that search methods are measured on, each with its space.

import { search } from "hypergrad";

const { float } = search;

export interface Surface {
  readonly name: string;
  readonly space: search.Space;
  readonly minimum: number;
  value(x: readonly unknown[]): number;
}

/** Three equal minima of 0.397887. */
export const branin: Surface = {
  name: "Branin",
  space: { x: float(-5, 10), y: float(0, 15) },
  minimum: 10 / (8 * Math.PI),
  value(numbers) {
    const [x, y] = numbers as number[];
    const valley = y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6;
    return valley ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
  },
};

const unit = (count: number): search.Space =>
  Object.fromEntries(Array.from({ length: count }, (_, d) => [`x${d + 1}`, float(0, 1)]));

const WEIGHTS = [1, 1.2, 3, 3.2];

/** −Σ weight · exp(−Σ length (x − centre)²) over four centres. */
function hartmann(lengths: readonly number[][], centres: readonly number[][]): Surface["value"] {
  return (numbers) => {
    const x = numbers as number[];
    return -WEIGHTS.reduce((sum, weight, i) => {
      const r2 = x.reduce((s, v, d) => s + lengths[i][d] * (v - centres[i][d]) ** 2, 0);
      return sum + weight * Math.exp(-r2);
    }, 0);
  };
}

/** One lowest of several minima. */
export const hartmann6: Surface = {
  name: "Hartmann6",
  space: unit(6),
  minimum: -3.322368011391339,
  value: hartmann(
    [
      [10, 3, 17, 3.5, 1.7, 8],
      [0.05, 10, 17, 0.1, 8, 14],
      [3, 3.5, 1.7, 10, 17, 8],
      [17, 8, 0.05, 10, 0.1, 14],
    ],
    [
      [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
      [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
      [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
      [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ],
  ),
};

export const hartmann3: Surface = {
  name: "Hartmann3",
  space: unit(3),
  minimum: -3.86278214782076,
  value: hartmann(
    [
      [3, 10, 30],
      [0.1, 10, 35],
      [3, 10, 30],
      [0.1, 10, 35],
    ],
    [
      [0.3689, 0.117, 0.2673],
      [0.4699, 0.4387, 0.747],
      [0.1091, 0.8732, 0.5547],
      [0.0381, 0.5743, 0.8828],
    ],
  ),
};

/** Many minima around the lowest, which is off the middle of each range. */
export const ackley3: Surface = {
  name: "Ackley3",
  space: { x: float(-15, 30), y: float(-15, 30), z: float(-15, 30) },
  minimum: 0,
  value(numbers) {
    const x = numbers as number[];
    const mean = (f: (v: number) => number) => x.reduce((s, v) => s + f(v), 0) / x.length;
    const far = Math.exp(-0.2 * Math.sqrt(mean((v) => v * v)));
    return 20 + Math.E - 20 * far - Math.exp(mean((v) => Math.cos(2 * Math.PI * v)));
  },
};
