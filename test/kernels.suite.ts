// Runs the kernel cases on a device and compares with the reference. Imports no test runner, so
// the same code runs in Node, in Deno and in a page.

import type { TypedArray } from "../src/core/dtype";
import { IndexError } from "../src/core/errors";
import type { Device, Storage } from "../src/device/device";
import type { KernelName } from "../src/device/kernels";
import { referenceDevice } from "../src/device/reference/device";
import { needRest } from "../src/device/rest";
import type { Case, Output, Values } from "./cases/case";
import { kernelCases } from "./kernels.cases";
import { boundError, functionError, sumError } from "./rules";

needRest();

export interface Failure {
  readonly kernel: KernelName;
  readonly name: string;
  readonly text: string;
}

export interface Report {
  readonly ran: number;
  /** Cases whose meaning this device does not have: errors of a device that sees values later. */
  readonly skipped: number;
  readonly failures: readonly Failure[];
}

/** Cases that are called before the first is read: a read from a GPU takes milliseconds, and those
 * of one turn travel together. */
const TOGETHER = 32;

/** All cases of `only` (every kernel when not given) on `device`. */
export async function kernelSuite(
  device: Device,
  only?: readonly KernelName[],
  cases: readonly Case[] = kernelCases,
): Promise<Report> {
  const reference = referenceDevice();
  const failures: Failure[] = [];
  const mine = cases.filter(({ kernel }) => only === undefined || only.includes(kernel));
  const run = mine.filter((c) => c.throws === undefined || device.name !== "webgpu");
  for (let at = 0; at < run.length; at += TOGETHER) {
    const some = run.slice(at, at + TOGETHER);
    const texts = await Promise.all(
      some.map((c) => (c.throws === undefined ? compare(device, reference, c) : refuse(device, c))),
    );
    for (const [i, { kernel, name }] of some.entries()) {
      if (texts[i] !== "") failures.push({ kernel, name, text: texts[i] });
    }
  }
  reference.dispose();
  return { ran: run.length, skipped: mine.length - run.length, failures };
}

/** What no kernel makes by chance: outputs and guards hold it before the call. */
const GARBAGE = 12345;
const GUARD = 16;

interface Held {
  readonly inputs: Storage[];
  readonly outputs: Storage[];
  readonly guards: Storage[];
}

function hold(device: Device, inputs: readonly Values[], outputs: readonly Output[]): Held {
  const block = (size: number, dtype: "float32" | "int32", data?: Values) => {
    const storage = device.allocate(size, dtype);
    device.write(storage, data ?? new Int32Array(size).fill(GARBAGE));
    return storage;
  };
  const held: Held = { inputs: [], outputs: [], guards: [] };
  for (const data of inputs) {
    held.inputs.push(block(data.length, data instanceof Int32Array ? "int32" : "float32", data));
  }
  held.guards.push(block(GUARD, "int32"));
  for (const { size, dtype } of outputs) {
    held.outputs.push(block(size, dtype), block(GUARD, "int32"));
    held.guards.push(held.outputs.pop()!);
  }
  return held;
}

function letGo(device: Device, { inputs, outputs, guards }: Held): void {
  for (const storage of [...inputs, ...outputs, ...guards]) device.release(storage);
}

/** The results of a case on a device, and what it did to memory that is not its output. */
async function call(device: Device, c: Case, inputs: readonly Values[]) {
  const held = hold(device, inputs, c.outputs);
  try {
    device.run(c.kernel, held.inputs, held.outputs, c.params);
    const readAll = (storages: readonly Storage[]) =>
      Promise.all(storages.map((storage) => device.read(storage)));
    const [outputs, guards, after] = await Promise.all([
      readAll(held.outputs),
      readAll(held.guards),
      readAll(held.inputs),
    ]);
    let damage = "";
    if (guards.some((guard) => guard.some((v) => v !== GARBAGE))) damage = "wrote past its output";
    for (const [i, now] of after.entries()) {
      if (!now.every((v, p) => Object.is(v, inputs[i][p]))) damage = `changed its input ${i}`;
    }
    return { outputs, damage };
  } finally {
    letGo(device, held);
  }
}

async function compare(device: Device, reference: Device, c: Case): Promise<string> {
  const inputs = c.inputs();
  let outputs: TypedArray[];
  try {
    const result = await call(device, c, inputs);
    if (result.damage !== "") return result.damage;
    outputs = result.outputs;
  } catch (error) {
    return `threw ${error}`;
  }
  const truth = (await call(reference, c, inputs)).outputs;
  const summed = c.outputs.some(({ rule }) => rule.kind === "sum");
  const absolute = inputs.map((x) => x.map(Math.abs) as Values);
  const magnitude = summed ? (await call(reference, c, absolute)).outputs : truth;
  // A GPU may read denormals as 0: then the truth at 0 is as good.
  const vanish = device.name === "webgpu" && inputs.some((x) => x.some(isDenormal));
  const flat = inputs.map((x) => x.map((v) => (isDenormal(v) ? 0 : v)) as Values);
  const other = vanish ? (await call(reference, c, flat)).outputs : truth;

  for (const [place, output] of c.outputs.entries()) {
    if (outputs[place].length !== output.size) return `read ${outputs[place].length} elements`;
    for (let i = 0; i < output.size; i++) {
      const got = outputs[place][i];
      if (Object.is(got, Math.fround(truth[place][i]))) continue; // nearly all are
      const near = (all: readonly TypedArray[]) => {
        const error = allowed(device, c, place, i, inputs, all, magnitude[place][i]);
        return isNear(got, all[place][i], error, output);
      };
      if (near(truth) || (vanish && near(other))) continue;
      const which = c.outputs.length > 1 ? ` of output ${place}` : "";
      const error = allowed(device, c, place, i, inputs, truth, magnitude[place][i]);
      const at = operands(c, inputs, i);
      return (
        `element ${i}${which} is ${got}, should be ${truth[place][i]} ` +
        `(off by ${Math.abs(got - truth[place][i])}, allowed ${error})` +
        (at.length > 0 ? ` at (${at.join(", ")})` : "")
      );
    }
  }
  return "";
}

const isDenormal = (v: number) => v !== 0 && Math.abs(v) < 2 ** -126;

/** The operands that an elementwise kernel reads for element i. */
function operands(c: Case, inputs: readonly Values[], i: number): number[] {
  if (!c.kernel.startsWith("map")) return [];
  return inputs.map((x, p) => x[Math.floor(i / c.params[2 + 2 * p]) % c.params[3 + 2 * p]]);
}

function allowed(
  device: Device,
  c: Case,
  place: number,
  i: number,
  inputs: readonly Values[],
  truth: readonly TypedArray[],
  magnitude: number,
): number {
  const { rule } = c.outputs[place];
  if (rule.kind === "sum") return sumError(rule.adds, magnitude);
  if (rule.kind === "bound") {
    const roundings = rule.roundings(i, inputs, truth as Float64Array[]);
    return boundError(device.name, roundings, truth[place][i]);
  }
  if (rule.kind === "function") {
    const [x, y = 0] = operands(c, inputs, i);
    return functionError(device.name, rule.f, truth[place][i], x, y);
  }
  return 0;
}

/** Beyond the largest float lies, for measuring, the next power of two. */
const finite = (v: number) => Math.max(-(2 ** 128), Math.min(2 ** 128, v));

function isNear(got: number, truth: number, error: number, { rule, dtype }: Output): boolean {
  const rounded = dtype === "float32" ? Math.fround(truth) : truth;
  const result = dtype === "float32" ? Math.fround(got) : got;
  if (rule.kind === "bits") return Object.is(result, rounded);
  if (result === rounded || (Number.isNaN(result) && Number.isNaN(truth))) return true;
  if (!Number.isFinite(truth) || Number.isNaN(result)) return false;
  return Math.abs(finite(got) - finite(truth)) <= error;
}

/** Runs a case that must throw: with the right text, and with nothing changed. */
async function refuse(device: Device, c: Case): Promise<string> {
  const held = hold(device, c.inputs(), c.outputs);
  try {
    device.run(c.kernel, held.inputs, held.outputs, c.params);
    return "did not throw";
  } catch (error) {
    if (!(error instanceof IndexError)) return `threw ${error}`;
    if (error.message !== c.throws) return `said "${error.message}", not "${c.throws}"`;
    for (const storage of held.outputs) {
      if ((await device.read(storage)).some((v) => v !== GARBAGE)) return "wrote, then threw";
    }
    return "";
  } finally {
    letGo(device, held);
  }
}
