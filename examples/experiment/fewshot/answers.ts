// How an answer in words is judged, as the official evaluation of SQuAD v2 does (Rajpurkar et al.
// 2018): exact match and F1 over words, both after normalisation, the best over all right answers.

/** Lower case, without punctuation and articles, single spaces. */
export function normalized(answer: string): string {
  return answer
    .toLowerCase()
    .replace(/[!-/:-@[-`{-~]/g, "") // ASCII punctuation alone, as there
    .replace(/\b(a|an|the)\b/g, " ")
    .split(/\s+/)
    .filter(Boolean)
    .join(" ");
}

export interface Judgement {
  readonly exact: number;
  readonly f1: number;
}

/** An answer beside the right ones, "" where there is none to a question. A right answer that
 * normalisation leaves nothing of does not count, unless there is no other. */
export function judged(answer: string, right: readonly string[]): Judgement {
  const said = normalized(answer);
  const kept = right.map(normalized).filter(Boolean);
  const each = (kept.length === 0 ? [""] : kept).map((gold) => ({
    exact: said === gold ? 1 : 0,
    f1: overlap(said, gold),
  }));
  return {
    exact: Math.max(...each.map(({ exact }) => exact)),
    f1: Math.max(...each.map(({ f1 }) => f1)),
  };
}

/** F1 of two normalised texts as bags of words. */
function overlap(said: string, gold: string): number {
  if (said === "" || gold === "") return said === gold ? 1 : 0;
  const [words, golds] = [said.split(" "), gold.split(" ")];
  const left = new Map<string, number>();
  for (const word of golds) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of words) {
    const n = left.get(word) ?? 0;
    if (n > 0) common++;
    left.set(word, n - 1);
  }
  return common === 0 ? 0 : (2 * common) / (words.length + golds.length);
}

/** Most words of an answer that is given. */
export const LONGEST = 12;

interface SpanOptions {
  /** Places that may be in an answer: those from 1 to below it. */
  readonly places: number;
  /** Whether place 0, which says that there is no answer, may be chosen. */
  readonly nothing: boolean;
}

/** The places [from, to] whose logits [places, 2] of start and end have the largest sum; [0, 0]
 * where none is said. */
export function bestSpan(
  logits: ArrayLike<number>,
  { places, nothing }: SpanOptions,
): readonly [from: number, to: number] {
  let best: [number, number] = [0, 0];
  let most = nothing ? logits[0] + logits[1] : Number.NEGATIVE_INFINITY;
  for (let from = 1; from < places; from++) {
    for (let to = from; to < Math.min(places, from + LONGEST); to++) {
      const sum = logits[2 * from] + logits[2 * to + 1];
      if (sum > most) [best, most] = [[from, to], sum];
    }
  }
  return best;
}
