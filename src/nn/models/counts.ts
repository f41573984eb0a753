// Whether the sizes that a model is asked for are sizes: wrong ones throw before anything is made.

import { ValueError } from "../../core/errors";

/** Throws unless each number is a whole one from 1. */
export function needCounts(name: string, counts: Readonly<Record<string, number>>): void {
  for (const [what, n] of Object.entries(counts)) {
    if (Number.isInteger(n) && n >= 1) continue;
    throw new ValueError(`${name}: no size: ${what} is ${n}. Use a whole number from 1.`);
  }
}
