// A program made ready: its dispatches written down once, with their uniforms, and memory planned
// by lifetime. Memory is known at each run only: entries name it by place.

import { BYTES } from "../../core/dtype";
import type { ProgramSource, Slot } from "../program";
import { type Block, classOf } from "./buffers";
import type { Recorder } from "./plan";
import { plans } from "./plans";
import type { Program } from "./program";

/** A block that a run binds or takes: its place in the run's list of blocks. */
interface Place extends Block {
  readonly place: number;
}

export interface Entry {
  /** Which call of the program it is a part of. */
  readonly call: number;
  readonly program: Program;
  readonly places: readonly number[];
  readonly words: readonly number[];
  readonly groups: number;
}

export interface Script {
  readonly entries: readonly Entry[];
  /** Elements of each block that a run takes; they follow the bound ones. */
  readonly taken: readonly number[];
}

/** For each slot of each call the memory it stands for: one of the bound storages, or a value of
 * the block, which lives from the call that writes it to its last use. */
interface Value {
  size: number;
  last: number;
  place: Place | null;
}

/** Which values a program has. Slots at one offset are one value until a kernel writes all of it
 * anew; `move`, which may write a part, continues the value. */
function valuesOf({ calls }: ProgramSource): Map<Slot, Value> {
  const values = new Map<Slot, Value>();
  const current = new Map<number, Value>();
  for (const [at, { kernel, inputs, outputs }] of calls.entries()) {
    const see = (slot: Slot, writes: boolean) => {
      if (slot.bound >= 0) return;
      let value = current.get(slot.offset);
      if (value === undefined || (writes && kernel !== "move")) {
        value = { size: 0, last: at, place: null };
        current.set(slot.offset, value);
      }
      value.size = Math.max(value.size, slot.size);
      value.last = at;
      values.set(slot, value);
    };
    for (const slot of inputs) see(slot, false);
    for (const slot of outputs) see(slot, true);
  }
  return values;
}

/** Writes the dispatches of a program down, for an adapter like the recorder's. */
export function scriptOf(source: ProgramSource, base: Recorder): Script {
  const values = valuesOf(source);
  const entries: Entry[] = [];
  const taken: number[] = [];
  const free: Place[] = [];
  let call = 0;
  const placeOf = (place: number, bytes: number): Place => ({
    ...{ place, bytes, id: place, batch: 0, free: false, listed: false },
    buffer: null as unknown as GPUBuffer, // known at each run
  });
  const bound = Array.from({ length: source.bound }, (_, i) => placeOf(i, 0));

  const take = (elements: number): Place => {
    const bytes = classOf(elements * BYTES);
    const at = free.findIndex((place) => place.bytes === bytes);
    if (at >= 0) return free.splice(at, 1)[0];
    taken.push(elements);
    return placeOf(source.bound + taken.length - 1, bytes);
  };
  const recorder: Recorder = {
    ...base,
    dispatch: (program, blocks, words, groups) => {
      const places = blocks.map((block) => (block as Place).place);
      if (groups > 0) entries.push({ call, program, places, words, groups });
    },
    scratch: take,
    release: (block) => free.push(block as Place),
  };

  for (const [at, { kernel, inputs, outputs, params }] of source.calls.entries()) {
    call = at;
    const memory = (slot: Slot): Place => {
      if (slot.bound >= 0) return bound[slot.bound];
      const value = values.get(slot)!;
      value.place ??= take(value.size);
      return value.place;
    };
    plans[kernel](recorder, inputs.map(memory), outputs.map(memory), params);
    const ended = new Set([...inputs, ...outputs].map((slot) => values.get(slot)));
    for (const value of ended) if (value?.last === at) free.push(value.place!);
  }
  return { entries, taken };
}
