// What S4 compares where answers are spans of a text: the methods that need no classes, and answers
// given without reading, scored by the same metrics.

import { expand, type Tensor, tensor } from "hypergrad";
import type { Metric } from "../experiment";
import type { Domain } from "../fewshot/domain";
import { type Method, ofHead, tested } from "../fewshot/methods";
import { placeCounts, type SpanPool } from "../fewshot/spans";
import { fineTuning, type UpdateNetMethod, updateNetMethod } from "./updateNet";

export const spanMetrics: readonly Metric[] = [
  { name: "last", label: "token F1, 5 steps", better: "higher", form: "percent" },
  { name: "exact", label: "exact match", better: "higher", form: "percent" },
  { name: "before", label: "F1 without a step", better: "higher", form: "percent" },
];

/** The same answer to every question: the place with the largest of these logits [1 + seen, 2]. */
function unread(logits: (pool: SpanPool) => Float32Array): Method {
  return (work) => {
    const pool = work.domain.spans!;
    const shape = [1 + pool.seen, 2];
    const learned = { logits: tensor(logits(pool), shape) };
    const same = (own: typeof learned, { query }: { readonly query: { readonly x: Tensor } }) =>
      expand(own.logits, [query.x.shape[0], ...shape]);
    return tested(work, learned, same, { flops: 0, steps: 0, seconds: 0 }, "reads nothing");
  };
}

const atNothing = ({ seen }: SpanPool) =>
  Float32Array.from({ length: 2 * (1 + seen) }, (_, i) => (i < 2 ? 1 : 0));

/** ProtoNet is the nearest of classes' means: there are no classes here, so it has a row without
 * numbers. */
const absent: Method = async () => ({ metrics: {}, note: "has no classes to compare" });

/** The methods of a domain of spans. */
export function spanMethods(
  { spans }: Domain,
  maml: Method,
  net: Omit<UpdateNetMethod, "base">,
): [string, Method][] {
  return [
    ...(spans!.answered ? [] : [["never answering", unread(atNothing)] as [string, Method]]),
    ["the most frequent place", unread(placeCounts)],
    ["fine-tuning", fineTuning()],
    ["fine-tuning of the head", fineTuning(ofHead)],
    ["MAML", maml],
    ["ProtoNet: no classes here", absent],
    ["update net", updateNetMethod({ ...net, base: false })],
    ["update net, model learns too", updateNetMethod({ ...net, base: true })],
  ];
}
