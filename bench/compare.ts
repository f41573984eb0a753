// Two runs side by side. Rows are compared by their time over the peak loop's in the same run, so
// that a clock that went faster or slower does not count as a change.

import { identity, type Result } from "./results";

interface Change {
  readonly row: Result;
  /** New time over old time: above 1 is slower. */
  readonly ratio: number;
  /** Changes smaller than this share are noise. */
  readonly noise: number;
  readonly verdict: "slower" | "faster" | "same";
}

/** Below this share nothing counts as a change, however quiet the runs were. */
const LEAST = 0.05;

/** The rows that both runs have, roofs apart. A row that was right and now is not counts as slower
 * without end. */
export function compare(now: readonly Result[], before: readonly Result[]): Change[] {
  const old = new Map(before.map((r) => [identity(r), r]));
  return now.flatMap((row): Change[] => {
    const was = old.get(identity(row));
    if (was?.p10 === undefined || row.group === "roofs") return [];
    if (row.p10 === undefined) {
      return [{ row, ratio: Number.POSITIVE_INFINITY, noise: 0, verdict: "slower" }];
    }
    const fair = row.relative !== undefined && was.relative !== undefined;
    const ratio = fair ? row.relative! / was.relative! : row.p10 / was.p10;
    const noise = Math.max(LEAST, (row.noise ?? 0) + (was.noise ?? 0));
    const verdict = ratio > 1 + noise ? "slower" : ratio < 1 / (1 + noise) ? "faster" : "same";
    return [{ row, ratio, noise, verdict }];
  });
}
