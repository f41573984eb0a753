// The check of options that are a part of a whole; it throws before anything is made.

import { ValueError } from "../core/errors";

/** @throws ValueError unless 0 < value < 1 */
export function checkPart(op: string, name: string, value: number): void {
  if (value > 0 && value < 1) return;
  throw new ValueError(
    `${op}: ${name} must be between 0 and 1: got ${value}. Give a part, such as 0.2.`,
  );
}
