// compile(f): f captured once for each form of its arguments, and run as one program from then on.

import { HypergradError, ValueError } from "../core/errors";
import { optionsOf } from "../core/options";
import { treeForm, treeMap } from "../core/tree";
import { device } from "../device/current";
import type { Device, Storage } from "../device/device";
import { functions } from "../device/functions";
import type { ProgramCall, ProgramSource, Runnable, Slot } from "../device/program";
import { needRest } from "../device/rest";
import { outermost } from "../tensor/frame";
import { capturing, create, deviceOf, interpretersNow } from "../tensor/op";
import { dispose, keep } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { leavesOf, type Tree } from "../tensor/tree";
import { capture } from "./capture";
import { flopsOf } from "./cost";
import { type Block, type Emitted, type EmittedCall, emit } from "./emit";
import type { Value } from "./graph";
import { inPlace } from "./inPlace";
import { optimize } from "./passes";
import { type Plan, plan } from "./plan";
import { type GraphView, viewOf } from "./view";

needRest();

export interface CompileOptions {
  /** Arguments that the call may consume: their tensors are freed when it is done. */
  readonly donate?: readonly number[];
  /** Run kernels one by one and time each; `stats().profile` tells. Slower. Default false. */
  readonly profile?: boolean;
}

/** What the calls of one kernel took, all runs so far together. */
interface KernelTime {
  /** "matmul + chain" where a chain runs as a part of a product. */
  readonly kernel: string;
  readonly calls: number;
  readonly ms: number;
  readonly flops: number;
}

export interface StepStats {
  /** Programs made so far: one for each form, shapes and types of the arguments. */
  readonly programs: number;
  /** Nodes of the graph as captured, of the program run last. */
  readonly nodes: number;
  /** Kernel calls a run. */
  readonly kernels: number;
  /** Bytes of the block of intermediate values. */
  readonly bytes: number;
  /** Bytes alive at once at the least: no plan can be smaller. */
  readonly largestLiveSet: number;
  /** Bytes that a run takes at most beside its arguments: the block and the results. What
   * `device().memory().peakBytes` rises by, unless an argument is itself a repeat. */
  readonly peakBytes: number;
  /** Arithmetic a run: 2 for each multiply-add of products, 1 an element elsewhere. */
  readonly flops: number;
  /** Time by kernel, the longest first; empty unless compiled with `profile`. On webgpu it is the
   * GPU's own time, and that of a run is in once data of the run was read. */
  readonly profile: readonly KernelTime[];
  /** Why `profile` is empty though it was asked for; null otherwise. */
  readonly untimed: string | null;
}

export interface Compiled<X extends Tree[], Y extends Tree> {
  (...args: X): Y;
  stats(): StepStats;
  /** The program run last: its nodes with op, shape, bytes, order and lifetime. Plain JSON. */
  graph(): GraphView;
  /** Frees the memory of all programs. */
  dispose(): void;
}

interface Program {
  readonly device: Device;
  readonly form: unknown;
  readonly bound: readonly Value[];
  readonly outputs: readonly number[];
  readonly runnable: Runnable;
  /** Tensors of host data that the captured function, or folding, made. */
  readonly made: readonly Tensor[];
  readonly calls: readonly EmittedCall[];
  /** What `graph()` gives, made when asked for: long unrolls have tens of thousands of nodes. */
  readonly view: (profile: boolean) => GraphView;
  readonly times: Float64Array;
  runs: number;
  readonly stats: Omit<StepStats, "programs" | "profile" | "untimed">;
}

/**
 * `f` as a program: captured at the first call with arguments of some form, shapes and types, and
 * from then on run as one list of kernels, without `f` being called again. The result is that of
 * `f`. What a step reads must be its argument: a tensor that `f` closes over is read at each run,
 * but the one that was there at the capture.
 * @throws HypergradError when `f` reads a value, or a tensor closed over was freed
 * @throws ValueError when `donate` names an argument that the call has not
 */
export function compile<X extends Tree[] = Tensor[], Y extends Tree = Tree>(
  f: (...args: X) => Y,
  options: CompileOptions = {},
): Compiled<X, Y> {
  const { donate = [], profile = false } = optionsOf("compile", options, ["donate", "profile"]);
  if (!Array.isArray(donate)) {
    throw new TypeError(`compile: donate is no list: ${String(donate)}. Write [0] for the first.`);
  }
  const programs = new Map<string, Program>();
  let latest: Program | null = null;

  const step = (...args: X): Y => {
    const inputs = leavesOf("compile", args);
    // Inside a gradient, vmap or another compiled function, f's own ops are what is wanted.
    if (capturing() || interpretersNow().length > 0 || outermost(inputs) !== null) {
      return f(...args);
    }
    const on = inputs.length > 0 ? deviceOf("compile", inputs) : device();
    const donated = donate.flatMap((i) => leavesOf("compile", given(args, i)));
    const name = nameOf(args, on);
    let program = programs.get(name);
    if (program === undefined) {
      program = build(on, f as unknown as (...args: Tree[]) => Tree, args, inputs);
      programs.set(name, program);
    }
    latest = program;
    const result = run(program, inputs, profile) as Y;
    for (const x of donated) x.free("by a compiled step it was donated to");
    return result;
  };

  return Object.assign(step, {
    graph: (): GraphView => {
      if (latest === null) throw idle("graph");
      return latest.view(profile);
    },
    stats: (): StepStats => {
      if (latest === null) throw idle("stats");
      const untimed = (profile && latest.runnable.untimed) || null;
      const times = profile && untimed === null ? timesOf(latest) : [];
      return { programs: programs.size, ...latest.stats, profile: times, untimed };
    },
    dispose: () => {
      for (const { runnable, made } of programs.values()) {
        runnable.dispose();
        dispose(made);
      }
      programs.clear();
      latest = null;
    },
  });
}

function idle(name: string): HypergradError {
  return new HypergradError(`${name}: nothing ran yet. Call the compiled function first.`);
}

const deviceIds = new WeakMap<Device, number>();
let devices = 0;

function nameOf(args: Tree[], on: Device): string {
  let id = deviceIds.get(on);
  if (id === undefined) {
    id = ++devices;
    deviceIds.set(on, id);
  }
  const spec = (x: unknown) => (x as Tensor).dtype[0] + (x as Tensor).shape.join("x");
  return `${id} ${treeForm(args, spec)}`;
}

/** The argument at a place that `donate` names. */
function given(args: Tree[], i: number): Tree {
  if (i in args) return args[i];
  throw new ValueError(
    `compile: no such argument to donate: donate has ${i}, the call has ${args.length}. Count ` +
      "them from 0.",
  );
}

function build(
  on: Device,
  f: (...args: Tree[]) => Tree,
  args: Tree[],
  inputs: readonly Tensor[],
): Program {
  const { graph, form, made } = capture(on, f, args, inputs);
  const best = optimize(graph, on);
  const emitted = emit(best);
  // Scalars folded beyond those that a device keeps live as long as the program, too.
  const folded = emitted.bound.flatMap(({ source }) =>
    source.kind === "constant" && source.tensor.constant === undefined ? [source.tensor] : [],
  );
  const placed = plan(emitted.blocks, on.inPlace ? inPlace(emitted.calls) : undefined);
  const results = emitted.outputs.reduce((n, place) => n + emitted.bound[place].size, 0);
  const times = new Float64Array(emitted.calls.length);
  const program: Program = {
    device: on,
    form,
    bound: emitted.bound,
    outputs: emitted.outputs,
    runnable: on.prepare(sourceOf(emitted, placed)),
    made: [...made, ...keep(folded)],
    calls: emitted.calls,
    view: (profile) => viewOf(best, emitted, placed.size * 4, profile ? times : null, program.runs),
    times,
    runs: 0,
    stats: {
      nodes: graph.nodes.length,
      kernels: emitted.calls.length,
      bytes: placed.size * 4,
      largestLiveSet: placed.largestLiveSet * 4,
      peakBytes: (placed.size + results) * 4,
      flops: emitted.calls.reduce((n, call) => n + flopsOf(call), 0),
    },
  };
  return program;
}

/** The calls as devices take them, each block at its place. */
function sourceOf({ calls, bound }: Emitted, { offsets, size }: Plan): ProgramSource {
  const slot = (b: Block): Slot => ({
    bound: b.bound ?? -1,
    offset: b.bound === null ? offsets.get(b)! : 0,
    size: b.size,
    dtype: b.dtype,
  });
  const placed = ({ kernel, inputs, outputs, params, epilogue }: EmittedCall): ProgramCall => ({
    kernel,
    inputs: inputs.map(slot),
    outputs: outputs.map(slot),
    params,
    epilogue: epilogue && placed(epilogue),
  });
  return { calls: calls.map(placed), bound: bound.length, block: size };
}

function timesOf({ calls, times }: Program): KernelTime[] {
  const found = new Map<string, { kernel: string; calls: number; ms: number; flops: number }>();
  for (const [i, call] of calls.entries()) {
    const kernel =
      call.epilogue === undefined ? call.kernel : `${call.kernel} + ${call.epilogue.kernel}`;
    const sum = found.get(kernel) ?? { kernel, calls: 0, ms: 0, flops: 0 };
    sum.calls++;
    sum.ms += times[i];
    sum.flops += flopsOf(call);
    found.set(kernel, sum);
  }
  return [...found.values()].sort((a, b) => b.ms - a.ms);
}

function run(program: Program, inputs: readonly Tensor[], profile: boolean): unknown {
  const { device: on, bound, outputs, runnable, form, times } = program;
  const clock = (call: number, ms: number) => {
    times[call] += ms;
  };
  const results = new Map<number, Tensor>();
  const copies: Storage[] = [];
  for (const place of outputs) {
    const { shape, dtype } = bound[place];
    results.set(place, create(on, shape, dtype));
  }
  try {
    const storages = bound.map((v, place) => {
      const made = results.get(place);
      if (made !== undefined) return made.storage!;
      const { source } = v;
      if (source.kind === "input") return solid(inputs[source.place], copies);
      if (source.kind === "node") throw new Error(`compile: value ${v.id} is bound and not made`);
      return source.tensor.live("compile");
    });
    runnable.run(storages, profile ? clock : undefined);
    program.runs++;
  } catch (error) {
    for (const y of results.values()) y.free("because its step failed");
    throw error;
  } finally {
    for (const copy of copies) on.release(copy);
  }
  return treeMap((place) => results.get(outputs[place as number]), form);
}

/** Programs read whole storages: an argument that repeats a smaller one is written out. */
function solid(x: Tensor, copies: Storage[]): Storage {
  if (x.repeat === null) return x.storage!;
  const copy = x.device.allocate(x.size, x.dtype);
  copies.push(copy);
  const { inner, mid } = x.repeat;
  x.device.run("map1", [x.storage!], [copy], [functions.copy.code, x.size, inner, mid]);
  return copy;
}
