// Which programs calls take, in every way that kernels may be chosen on some adapter: tells which
// cases a way adds, and picks few of them where shaders compile slowly.

import { type KernelName, kernelNames, kernels, type Signature } from "../../src/device/kernels";
import { VARIANTS } from "../../src/device/webgpu/gemm";
import type { Choosing, Recorder } from "../../src/device/webgpu/plan";
import { plans } from "../../src/device/webgpu/plans";
import { type Program, sourceOf } from "../../src/device/webgpu/program";
import type { Case } from "../cases/case";
import { kernelCases } from "../kernels.cases";

/** How kernels are chosen: what differs from the choice on this adapter. */
export interface Way {
  readonly title: string;
  readonly choosing: Partial<Choosing>;
  /** The kernels that it is about; all when left out. */
  readonly kernels?: readonly KernelName[];
}

/** The kernels that choose among the gemm variants. */
export const PRODUCTS: readonly KernelName[] = ["matmul", "conv2d", "conv2dInput", "conv2dKernel"];

/** On an adapter that computes on the CPU (`software`) or on a GPU: its own way comes first. */
export function waysOf(software: boolean): Way[] {
  return [
    { title: "kernels", choosing: {} },
    { title: "kernels, as on the other kind of adapter", choosing: { software: !software } },
    ...VARIANTS.map((variant) => ({
      title: `kernels, all products by ${variant}`,
      choosing: { software: !software, variant },
      kernels: PRODUCTS,
    })),
    {
      title: "kernels, step by step",
      choosing: { stepwise: true },
      kernels: ["lstmForward", "lstmBackward"],
    },
  ];
}

interface Dispatch {
  readonly program: Program;
  readonly words: readonly number[];
  readonly groups: number;
}

type Call = Pick<Case, "kernel" | "params"> & {
  readonly inputs: Case["inputs"] | readonly unknown[];
};

const block = { id: 0, bytes: 0, batch: 0, free: false, listed: false, buffer: null as never };

/** What a call dispatches. `bindings`: the most that one program may bind. */
export function dispatchesOf(call: Call, choosing: Partial<Choosing>, bindings = 8): Dispatch[] {
  const { inputs, outputs, variadic } = kernels[call.kernel] as Signature;
  const given = variadic && typeof call.inputs === "function" ? call.inputs() : call.inputs;
  const [reads, writes] = variadic
    ? [given.length, (call as Case).outputs.length]
    : [inputs.length, outputs.length];
  const dispatches: Dispatch[] = [];
  const recorder: Recorder = {
    choosing: { software: true, variant: null, products: null, stepwise: false, ...choosing },
    bindings,
    dispatch: (program, _, words, groups) => {
      if (groups > 0) dispatches.push({ program, words: [...words], groups });
    },
    scratch: () => block,
    release: () => {},
  };
  const blocks = (count: number) => new Array(count).fill(block);
  plans[call.kernel](recorder, blocks(reads), blocks(writes), call.params);
  return dispatches;
}

const showOf = (dispatches: readonly Dispatch[]) =>
  dispatches.map(({ program, words, groups }) => `${program.id}:${words}:${groups}`).join(" ");

/** The cases of each way and kernel: those that no earlier way runs with the same dispatches. */
export function casesOf(ways: readonly Way[]): Map<Way, Map<KernelName, Case[]>> {
  const seen = new Map<Case, Set<string>>();
  const found = new Map<Way, Map<KernelName, Case[]>>();
  for (const way of ways) {
    const mine = new Map<KernelName, Case[]>();
    found.set(way, mine);
    for (const kernel of way.kernels ?? kernelNames) {
      const added = kernelCases.filter((c) => {
        if (c.kernel !== kernel || c.throws !== undefined) return false;
        const show = showOf(dispatchesOf(c, way.choosing));
        const shown = seen.get(c) ?? new Set();
        seen.set(c, shown);
        return !shown.has(show) && shown.add(show);
      });
      if (added.length > 0) mine.set(kernel, added);
    }
  }
  return found;
}

/** Pairs of override values of a program, with the source that they are values of. */
function pairsOf(program: Program): string[] {
  const source = `${program.label} ${sourceOf(program)}`;
  const values = Object.entries(program.constants).map(([name, value]) => `${name}=${value}`);
  if (values.length < 2) return [`${values} ${source}`];
  return values.flatMap((a, i) => values.slice(i + 1).map((b) => `${a} ${b} ${source}`));
}

/** Adds programs to `chosen` until each pair of override values that occurs in `programs` occurs
 * in it: always the one that brings the most new pairs. */
function addPairs(programs: ReadonlySet<Program>, chosen: Set<Program>): void {
  const covered = new Set([...chosen].flatMap(pairsOf));
  for (;;) {
    const gains = [...programs].map(
      (program) => [program, pairsOf(program).filter((pair) => !covered.has(pair))] as const,
    );
    const [best, pairs] = gains.reduce((a, b) => (b[1].length > a[1].length ? b : a));
    if (pairs.length === 0) return;
    chosen.add(best);
    for (const pair of pairs) covered.add(pair);
  }
}

/** A size as what is special about it for lanes, tiles and grids. */
function classOf(v: number): string {
  if (v <= 4) return `${Math.max(v, -2)}`;
  const size = [16, 64, 1024, 65535].findIndex((end) => v <= end);
  return `${size} ${v % 64 === 0 ? 64 : v % 4 === 0 ? 4 : v % 2}`;
}

/** What a case is there for: the class of each of its parameters, and what its name says beside
 * the sizes. */
function featuresOf({ name, params }: Case): string[] {
  return [name.replace(/\[.*?\]/g, ""), ...params.map((v, i) => `${i}: ${classOf(v)}`)];
}

/** What has been picked so far on a device. */
export class Picked {
  /** Programs of products. */
  readonly programs = new Set<Program>();
  /** Kernels and their bodies that have run more workgroups than one dimension holds. */
  readonly folded = new Set<string>();
}

/** Workgroups in one dimension. */
const FOLD = 65535;

/**
 * Some of the cases of a kernel: every program meets every feature that it meets in all of them, if
 * not every combination of features. Grids that are folded take seconds on the CPU: each kernel
 * body meets one. With `fewPrograms`, for where shaders compile slowly: of the programs that differ
 * in their override values alone, as many as show every pair of these.
 */
export function someOf(
  cases: readonly Case[],
  choosing: Partial<Choosing>,
  picked: Picked,
  fewPrograms: boolean,
): Case[] {
  const used = new Map(cases.map((c) => [c, dispatchesOf(c, choosing)] as const));
  const programs = new Set([...used.values()].flat().map(({ program }) => program));
  if (fewPrograms && programs.size > 0) addPairs(programs, picked.programs);
  const met = new Set<string>();
  const some = cases.filter((c) => {
    const mine = used.get(c)!;
    if (fewPrograms && !mine.every(({ program }) => picked.programs.has(program))) return false;
    const folded = mine.filter(({ groups }) => groups > FOLD);
    if (folded.length > 0) {
      const bodies = folded.map(({ program: { label, parts } }) => label + parts.at(-1)!.file);
      const fresh = bodies.filter((body) => !picked.folded.has(body));
      for (const body of fresh) picked.folded.add(body);
      return fresh.length > 0;
    }
    const ids = mine.length > 0 ? mine.map(({ program }) => program.id) : ["none"];
    const pairs = ids.flatMap((id) => featuresOf(c).map((feature) => `${id}: ${feature}`));
    const fresh = pairs.filter((pair) => !met.has(pair));
    for (const pair of fresh) met.add(pair);
    return fresh.length > 0;
  });
  return some.length > 0 ? some : cases.slice(0, 1);
}
