// The checks of options that samplers, schedulers and runners share; each throws before anything is
// made.

import { ValueError } from "../core/errors";

/** @throws ValueError unless value is a whole number from `least` */
export function checkWhole(op: string, name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new ValueError(
    `${op}: ${name} must be a whole number from ${least}: got ${value}. Give ${least} or more.`,
  );
}

/** @throws ValueError unless 0 < value < 1 */
export function checkPart(op: string, name: string, value: number): void {
  if (value > 0 && value < 1) return;
  throw new ValueError(
    `${op}: ${name} must be between 0 and 1: got ${value}. Give a part, such as 0.2.`,
  );
}
