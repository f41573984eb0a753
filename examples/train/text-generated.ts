// Small generated texts of the form of the real ones, for runs without --data: each class has words
// of its own among those of all.

import { data } from "hypergrad";
import type { Text } from "./text-words";

interface Form {
  readonly seed: number;
  readonly classes: number;
  readonly train: number;
  readonly test: number;
  /** Words of a text at most. Default 12. */
  readonly longest?: number;
}

/** Words of a class, and of none. */
const [OWN, COMMON] = [12, 60];

/** Training and test texts; every third word or so tells the class. */
export function generatedTexts({ seed, classes, train, test, longest = 12 }: Form): Text[][] {
  const random = data.stream(seed);
  const make = (count: number) =>
    Array.from({ length: count }, (_, i) => {
      const label = i % classes;
      const length = 4 + random.integer(longest - 3);
      const words = Array.from({ length }, () =>
        random.uniform() < 0.35
          ? `word${label}of${random.integer(OWN)}`
          : `word${random.integer(COMMON)}`,
      );
      return { words, label };
    });
  return [make(train), make(test)];
}
