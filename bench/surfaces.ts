// Two functions with known minima that search methods are measured on, each with its space.

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

const WEIGHTS = [1, 1.2, 3, 3.2];
const LENGTHS = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const CENTRES = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];

/** One lowest of several minima. */
export const hartmann6: Surface = {
  name: "Hartmann6",
  space: Object.fromEntries([1, 2, 3, 4, 5, 6].map((d) => [`x${d}`, float(0, 1)])),
  minimum: -3.322368011391339,
  value(numbers) {
    const x = numbers as number[];
    return -WEIGHTS.reduce((sum, weight, i) => {
      const r2 = x.reduce((s, v, d) => s + LENGTHS[i][d] * (v - CENTRES[i][d]) ** 2, 0);
      return sum + weight * Math.exp(-r2);
    }, 0);
  },
};
