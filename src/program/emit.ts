// Turns a graph into a flat list of kernel calls on named blocks of memory, each with the calls
// between which it is alive.

import type { DType } from "../core/dtype";
import type { Storage } from "../device/device";
import { functions } from "../device/functions";
import type { KernelName } from "../device/kernels";
import type { Calls, Operand, Output } from "../tensor/op";
import type { Graph, Value, Vertex } from "./graph";

/** Memory by name: bound at each run, or a part of the program's block. */
export class Block implements Storage {
  refs = 0;
  /** The first call that writes it and the last that uses it. */
  first = Number.POSITIVE_INFINITY;
  last = -1;
  constructor(
    readonly size: number,
    readonly dtype: DType,
    /** Place among the bound storages, or null for memory that the plan gives. */
    readonly bound: number | null,
  ) {}
}

export interface EmittedCall {
  readonly kernel: KernelName;
  readonly inputs: readonly Block[];
  readonly outputs: readonly Block[];
  readonly params: readonly number[];
  readonly epilogue?: EmittedCall;
}

export interface Emitted {
  readonly calls: readonly EmittedCall[];
  /** Memory that the plan is to place. */
  readonly blocks: readonly Block[];
  /** What each bound storage is: an input or closure to read, or an output to make. */
  readonly bound: readonly Value[];
  /** The memory of each value that a node makes, views left out. */
  readonly made: ReadonlyMap<Value, Block>;
  /** For each node its first call and the one after its last. */
  readonly spans: ReadonlyMap<Vertex, readonly [number, number]>;
  /** For each output of the graph the bound storage that will hold it. */
  readonly outputs: readonly number[];
}

export function emit(graph: Graph): Emitted {
  const calls: EmittedCall[] = [];
  const blocks: Block[] = [];
  const bound: Value[] = [];
  const operands = new Map<Value, Operand>();
  const made = new Map<Value, Block>();
  const spans = new Map<Vertex, readonly [number, number]>();

  const take = (size: number, dtype: DType): Block => {
    const block = new Block(size, dtype, null);
    blocks.push(block);
    return block;
  };
  const use = (block: Block) => {
    block.first = Math.min(block.first, calls.length);
    block.last = Math.max(block.last, calls.length);
  };
  const record: Calls = {
    run: (kernel, inputs, outputs, params, along = false) => {
      const call = {
        kernel,
        inputs: inputs as readonly Block[],
        outputs: outputs as readonly Block[],
        params,
      };
      const before = along ? calls.pop() : undefined;
      for (const b of [...call.inputs, ...call.outputs]) use(b);
      calls.push(before === undefined ? call : { ...before, epilogue: call });
    },
    solid: (x) => {
      if (x.repeat === null) return x.storage!;
      const copy = take(x.size, x.dtype);
      copyInto(record, x, copy);
      return copy;
    },
    temporary: take,
  };

  const bind = (v: Value, size = v.size): Block => {
    bound.push(v);
    return new Block(size, v.dtype, bound.length - 1);
  };
  /** Outputs are written where the caller will find them, unless something else must be there. */
  const direct = new Map<Value, Block>();
  for (const v of graph.outputs) {
    const own = v.source.kind === "node" && v.source.node.op.view === null;
    if (own && !direct.has(v)) direct.set(v, bind(v));
  }
  const operandOf = (v: Value): Operand => {
    let operand = operands.get(v);
    if (operand === undefined) {
      const { shape, dtype, size, source } = v;
      const tensor = source.kind === "node" || source.kind === "input" ? null : source.tensor;
      const repeat = tensor?.repeat ?? null;
      const storage = bind(v, tensor?.storage?.size ?? size);
      operand = { shape, dtype, size, storage, repeat };
      operands.set(v, operand);
    }
    return operand;
  };
  const start = (v: Value): Output => {
    const storage = direct.get(v) ?? take(v.size, v.dtype);
    const operand = { shape: v.shape, dtype: v.dtype, size: v.size, storage, repeat: null };
    operands.set(v, operand);
    made.set(v, storage);
    return operand;
  };

  for (const node of graph.nodes) {
    const before = calls.length;
    const xs = node.inputs.map(operandOf);
    const seen = node.op.view?.(xs[0], node.outputs[0]) ?? null;
    if (seen !== null) {
      const [{ shape, dtype, size }] = node.outputs;
      const { storage } = xs[0];
      operands.set(node.outputs[0], { shape, dtype, size, storage, repeat: seen.repeat });
    } else {
      node.op.run(record, xs, node.outputs.map(start), node.attrs);
    }
    spans.set(node, [before, calls.length]);
  }

  const outputs = graph.outputs.map((v, i) => {
    const ready = direct.get(v);
    if (ready !== undefined && graph.outputs.indexOf(v) === i) return ready.bound!;
    const copy = bind(v);
    copyInto(record, operandOf(v), copy);
    return copy.bound!;
  });
  return { calls, blocks: blocks.filter((b) => b.last >= 0), bound, made, spans, outputs };
}

function copyInto(calls: Calls, x: Operand, to: Block): void {
  const { inner, mid } = x.repeat ?? { inner: 1, mid: x.size };
  calls.run("map1", [x.storage!], [to], [functions.copy.code, x.size, inner, mid]);
}
