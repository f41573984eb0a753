// Cases of attention: sizes on both sides of lanes, tiles and blocks, causal with as many keys as
// queries and with more or fewer, masks of each kind, and queries that see nothing.

import { blockedAdds, type Case, floatOut, put, type Rule, uniforms, type Values } from "./case";

interface Form {
  readonly n?: number;
  readonly tq: number;
  readonly tk: number;
  readonly d: number;
  readonly dv?: number;
  readonly causal?: boolean;
  /** What the mask is of: every score, the keys alone, or either for all n. */
  readonly mask?: "scores" | "keys" | "shared scores" | "shared keys";
  /** Share of places that the mask shows. Default 0.7. */
  readonly shown?: number;
  /** Value to put among q. */
  readonly odd?: number;
}

const scaleOf = ({ d }: Form) => Math.fround(1 / Math.sqrt(Math.max(d, 1)));

function sizes(form: Form) {
  const { n = 1, tq, tk, d, dv = d, causal = false, mask } = form;
  const mr = mask === undefined || mask.endsWith("keys") ? 0 : tk;
  const ms = mask === undefined || mask.startsWith("shared") ? 0 : mr === 0 ? tk : tq * tk;
  const params = [n, tq, tk, d, dv, causal ? 1 : 0, mask === undefined ? 0 : 1, ms, mr];
  params.push(scaleOf(form));
  const places = (mr === 0 ? tk : tq * tk) * (ms === 0 ? 1 : n);
  return { n, tq, tk, d, dv, params, places: mask === undefined ? 1 : places };
}

function operands(form: Form): Values[] {
  const { n, tq, tk, d, dv, places } = sizes(form);
  const { shown = 0.7, odd } = form;
  const q = uniforms(n * tq * d, 121);
  const mask = Int32Array.from(uniforms(places, 124, 0, 1), (v) => (v < shown ? 1 : 0));
  return [
    odd === undefined ? q : put(q, odd, d),
    uniforms(n * tk * d, 122),
    uniforms(n * tk * dv, 123),
    mask,
  ];
}

/** All operands are within 1: a score is within `S` and off by `ofScore` roundings. */
function scores(form: Form) {
  const S = scaleOf(form) * form.d;
  return { S, ofScore: (form.d + 4) * S };
}

/** exp turns an error of its argument into a relative one; sums over keys add theirs. */
function forwardRule(form: Form, what: "y" | "lse"): Rule {
  const { S, ofScore } = scores(form);
  const sum = blockedAdds(form.tk) + Math.ceil(form.tk / 256) * 4;
  const error = 2 * (ofScore + S) + 2 * sum + 40;
  return { kind: "bound", roundings: () => (what === "y" ? error : error + S) };
}

/** Weights are at most e^S / tk, as lse is log(tk) at least; r and g v are sums of dv terms. */
function backwardRule(form: Form, what: "query" | "key"): Rule {
  const { S, ofScore } = scores(form);
  const { tq, tk, dv } = sizes(form);
  const weights = Math.exp(S) * (what === "query" ? 1 : tq / Math.max(tk, 1));
  const terms = what === "query" ? tk : tq;
  const ds = 2 * dv;
  const ofDs = 2 * (dv + 2) * dv + (ofScore + S + 24) * ds;
  const error = weights * (ofDs + (terms + 4) * Math.max(ds, 1) + ofScore + S + 24);
  return { kind: "bound", roundings: () => error };
}

function cases(form: Form): Case[] {
  const { n, tq, tk, d, dv, params } = sizes(form);
  const { causal, mask, shown, odd } = form;
  const more = [causal && "causal", mask && `mask of ${mask}`, shown === 0 && "sees nothing"];
  const rest = [...more, odd !== undefined && `with ${odd}`].filter(Boolean).join(", ");
  const name = `${n} x [${tq}, ${tk}, ${d}, ${dv}]${rest === "" ? "" : `, ${rest}`}`;
  return [
    {
      kernel: "attentionForward",
      name,
      params,
      inputs: () => operands(form),
      outputs: [
        floatOut(n * tq * dv, forwardRule(form, "y")),
        floatOut(n * tq, forwardRule(form, "lse")),
      ],
    },
    {
      kernel: "attentionBackward",
      name,
      params,
      inputs: () => [
        ...operands(form),
        uniforms(n * tq * dv, 125),
        uniforms(n * tq, 126, Math.log(tk + 1), Math.log(tk + 1) + 1),
        uniforms(n * tq * dv, 127),
      ],
      outputs: [
        floatOut(n * tq * d, backwardRule(form, "query")),
        floatOut(n * tk * d, backwardRule(form, "key")),
        floatOut(n * tk * dv, backwardRule(form, "key")),
      ],
    },
  ];
}

const masks = ["scores", "keys", "shared scores", "shared keys"] as const;

const FORMS: Form[] = [
  ...[1, 2, 3, 4, 5, 8, 9, 31, 33, 255, 256, 257, 300].map((tk): Form => ({ tq: 3, tk, d: 4 })),
  ...[1, 2, 5, 6, 31, 32, 33, 65].map((tq): Form => ({ tq, tk: 9, d: 5 })),
  ...[1, 2, 3, 7, 8, 16, 17].map((d): Form => ({ n: 2, tq: 4, tk: 6, d, dv: d + 3 })),
  ...[1, 3, 4, 5, 30, 33].map((t): Form => ({ tq: t, tk: t, d: 4, causal: true })),
  { tq: 4, tk: 11, d: 3, causal: true },
  { tq: 40, tk: 7, d: 3, causal: true },
  { n: 2, tq: 270, tk: 270, d: 2, causal: true },
  ...masks.map((mask): Form => ({ n: 3, tq: 5, tk: 7, d: 4, mask })),
  ...masks.map((mask): Form => ({ n: 2, tq: 4, tk: 270, d: 3, mask })),
  { n: 2, tq: 9, tk: 9, d: 4, mask: "scores", causal: true },
  { n: 2, tq: 35, tk: 35, d: 4, mask: "keys", causal: true, shown: 0.4 },
  { n: 2, tq: 5, tk: 7, d: 4, mask: "keys", shown: 0 },
  { tq: 3, tk: 5, d: 4, odd: Number.NaN },
  { n: 0, tq: 3, tk: 5, d: 4 },
  { tq: 0, tk: 5, d: 4 },
  { tq: 3, tk: 0, d: 4 },
  { tq: 3, tk: 5, d: 0, dv: 4 },
  { tq: 3, tk: 5, d: 4, dv: 0 },
];

export const attentionCases: Case[] = FORMS.flatMap(cases);
