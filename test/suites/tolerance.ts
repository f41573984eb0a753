// How far a device may lie from the float64 truth, by the rule of a row. A number here is raised
// only with the rule that allows it.

import type { DeviceName } from "../../src/device/device";
import type { Rule } from "../table/row";

/** Float64 loops differ from the truth by the order of their additions and by Math's own functions:
 * some thousand units of 2⁻⁵³. */
const FLOAT64 = 1e-12;

/**
 * Relative errors. WASM arithmetic is IEEE and its functions are within 4 ulp (2.4e-7 each): 1e-5
 * covers forty of them, more than any gradient of a row has in a chain. WebGPU: the WGSL accuracy
 * table; division and roots have 2.5 ulp, exp 3 + 2|x| ulp, log 2⁻²¹, tanh 1e-5 absolute, which
 * chains of a gradient carry to 1e-4; sin and cos 2⁻¹¹ absolute.
 */
const RATES: Record<Exclude<DeviceName, "reference">, Record<Exclude<Rule, "sum">, number>> = {
  wasm: { exact: 0, arithmetic: 1e-5, transcendental: 1e-5, sine: 1e-5 },
  webgpu: { exact: 0, arithmetic: 1e-5, transcendental: 1e-4, sine: 2 ** -11 },
};

/** Σ |term| for each element, and how many terms there are at most. */
export interface Sums {
  readonly terms: number;
  readonly magnitude: ArrayLike<number>;
}

/**
 * The absolute error allowed for element i of `want`. Errors are relative to the element or, where
 * terms of its array's size cancel, to the largest of the array; those of sums to Σ |term|:
 * n · 2⁻²⁴ · Σ |term| on every float32 device, n · 2⁻⁵³ · Σ |term| on the reference.
 */
export function allowance(
  rule: Rule,
  device: DeviceName,
  want: ArrayLike<number>,
  sums?: Sums,
): (i: number) => number {
  const unit = device === "reference" ? 2 ** -53 : 2 ** -24;
  if (rule === "sum" && sums !== undefined) {
    return (i) => sums.terms * unit * sums.magnitude[i];
  }
  const kind = rule === "sum" ? "arithmetic" : rule;
  const exactly = kind === "exact" && device !== "reference";
  const rate = device === "reference" ? FLOAT64 : RATES[device][kind];
  const largest = exactly ? 0 : largestOf(want);
  return (i) => rate * Math.max(Math.abs(want[i]), largest);
}

/** The same for single extremes: relative to the element, and near 0 to 0.1, since WGSL's tanh has
 * 1e-5 absolute and its log 2⁻²¹. */
export function allowanceOfOne(rule: Rule, device: DeviceName, want: ArrayLike<number>) {
  const kind = rule === "sum" ? "arithmetic" : rule;
  const rate = device === "reference" ? FLOAT64 : RATES[device][kind];
  return (i: number) => rate * Math.max(Math.abs(want[i]), 0.1);
}

export function largestOf(list: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < list.length; i++) {
    if (Number.isFinite(list[i])) largest = Math.max(largest, Math.abs(list[i]));
  }
  return largest;
}

/**
 * Throws for the first element that is further off than allowed. `want` may be float64: a float32
 * device is right with its rounded value. Equal infinities and NaN are right, 0 equals −0.
 */
export function compare(
  what: string,
  device: DeviceName,
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  allowed: (i: number) => number,
): void {
  if (got.length !== want.length) {
    throw new Error(`${what}: ${got.length} elements, should be ${want.length}`);
  }
  for (let i = 0; i < want.length; i++) {
    const target = device === "reference" ? want[i] : Math.fround(want[i]);
    if (got[i] === target || got[i] === want[i]) continue;
    if (Number.isNaN(got[i]) && Number.isNaN(want[i])) continue;
    if (Math.abs(got[i] - want[i]) <= allowed(i)) continue;
    throw new Error(
      `${what}: element ${i} is ${got[i]}, should be ${want[i]}: off by ` +
        `${Math.abs(got[i] - want[i])}, allowed ${allowed(i)}`,
    );
  }
}
