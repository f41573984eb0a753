// A run of the page as the bytes of a safetensors file: settings, step and every array that the
// next step reads.

import { data } from "hypergrad";
import type { Arrays } from "./runs";
import type { Settings } from "./settings";

const FORM = "hypergrad live 1";

export interface Checkpoint {
  readonly settings: Settings;
  readonly step: number;
  readonly runs: readonly { readonly order: 1 | 2; readonly arrays: Arrays }[];
}

export function encode({ settings, step, runs }: Checkpoint): Uint8Array {
  const arrays: Arrays = {};
  for (const { order, arrays: own } of runs) {
    for (const [path, array] of Object.entries(own)) arrays[`${order}/${path}`] = array;
  }
  const run = JSON.stringify({ settings, step, orders: runs.map(({ order }) => order) });
  return data.encodeSafetensors({ arrays, metadata: { form: FORM, run } });
}

/** Throws an error for a file that is none of this page's. */
export function decode(bytes: Uint8Array): Checkpoint {
  const { arrays, metadata } = data.decodeSafetensors(bytes, "the file");
  if (metadata.form !== FORM) throw new Error("The file is no checkpoint of this page.");
  const run = JSON.parse(metadata.run) as {
    settings: Settings;
    step: number;
    orders: readonly (1 | 2)[];
  };
  const { settings, step, orders } = run;
  const own = (order: 1 | 2): Arrays => {
    const named = Object.entries(arrays).filter(([name]) => name.startsWith(`${order}/`));
    return Object.fromEntries(named.map(([name, array]) => [name.slice(2), array]));
  };
  return { settings, step, runs: orders.map((order) => ({ order, arrays: own(order) })) };
}
