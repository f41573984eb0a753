// What the suites of the webgpu device are made of: groups of named checks that run on one device,
// one after another, in Node, in Deno or in a page. Names are known without running anything.

import { setDevice } from "../../src/device/current";
import type { WebGPUDevice } from "../../src/device/webgpu/device";
import type { Fixture } from "../fixtures/fixture";
import type { Suite } from "../suites/suite";
import type { Row } from "../table/row";
import type { Runtime } from "./runners";

/** What came of a check. */
export interface Told {
  readonly name: string;
  /** What went wrong, or an empty text. */
  readonly text: string;
}

/** What a group runs with. */
export interface Place {
  readonly device: WebGPUDevice;
  /** Sends what came of some checks home. */
  tell(told: readonly Told[]): Promise<void>;
  /** A fixture's file; null where it is not there. */
  fixture(name: string): Promise<Fixture | null>;
}

export interface Group {
  readonly title: string;
  readonly names: readonly string[];
  /** Runtimes in which it would only repeat, at length, what another one shows. */
  readonly except?: readonly Runtime[];
  run(place: Place): Promise<void>;
}

/** The text of an error with where it came from, or an empty text. Places are told by "in": what
 * reads stacks here would look for files of the page. */
export async function textOf(check: () => unknown): Promise<string> {
  try {
    await check();
    return "";
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    const places = (error.stack ?? "").split("\n").filter((line) => /^\s*at /.test(line));
    return [error.message, ...places.map((line) => line.replace(/^\s*at /, "  in "))].join("\n");
  }
}

/** A check that throws with what it saw when a promise does not hold. */
export type Story = (device: WebGPUDevice, place: Place) => Promise<void> | void;

/** One check a story, each on the device that all share, which must not keep anything. */
export function storyGroup(title: string, stories: Readonly<Record<string, Story>>): Group {
  return {
    title,
    names: Object.keys(stories),
    async run(place) {
      const { device } = place;
      for (const [name, story] of Object.entries(stories)) {
        setDevice(device);
        const before = device.memory().tensors;
        let text = await textOf(() => story(device, place));
        const left = device.memory().tensors - before;
        if (text === "" && left !== 0) text = `${left} tensors are left in memory`;
        await place.tell([{ name, text }]);
      }
    },
  };
}

/** Rows that are under way at once: their readings come back together. */
const TOGETHER = 24;

/** One check a row; the last one is that no row left a tensor in the device's memory. */
export function rowGroup(title: string, suite: Suite, rows: readonly Row[]): Group {
  const left = "nothing is left in memory";
  const names: string[] = [];
  suite(null as never, (name) => names.push(name), rows);
  return {
    title,
    names: [...names, left],
    async run({ device, tell }) {
      const checks: [string, () => Promise<void>][] = [];
      suite(device, (name, check) => checks.push([name, check]), rows);
      const leaks: string[] = [];
      for (let at = 0; at < checks.length; at += TOGETHER) {
        const some = checks.slice(at, at + TOGETHER);
        const before = device.memory().tensors;
        const told = await Promise.all(
          some.map(async ([name, check]) => ({ name, text: await textOf(check) })),
        );
        const more = device.memory().tensors - before;
        const failed = told.some(({ text }) => text !== "");
        if (more !== 0 && !failed) {
          leaks.push(`${more} tensors by one of ${some.map(([name]) => name).join(", ")}`);
        }
        await tell(told);
      }
      await tell([{ name: left, text: leaks.join("\n") }]);
    },
  };
}

/** Throws unless two values are equal as JSON. */
export function same(got: unknown, should: unknown, what: string): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(should)];
  if (a !== b) throw new Error(`${what}: got ${a}, should be ${b}`);
}

/** The error that a call throws or rejects with. */
export async function errorOf(f: () => unknown): Promise<Error> {
  try {
    await f();
  } catch (error) {
    return error as Error;
  }
  throw new Error("did not throw");
}
