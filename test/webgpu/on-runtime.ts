// Binds the groups of the webgpu device to vitest, a test a check, in one runtime: all run in one
// process or page, and each test waits for what it says of its check.

import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { absentTests } from "../devices";
import { folder, textOf } from "../fixtures/folder";
import { bundle } from "./bundle";
import { fixtureGroup } from "./fixtures";
import { groups } from "./groups";
import { absence, type Runtime, run } from "./runners";
import type { Message, Summary } from "./suite.entry";

const MINUTES = 60_000;
/** A runtime that says nothing ends long before. */
const LIMIT = 15 * MINUTES;

/** HYPERGRAD_GROUPS=faults,kernels: only groups whose title begins so; all when it is not set. */
const wanted = process.env.HYPERGRAD_GROUPS?.split(",") ?? [""];
const chosenIn = (runtime: Runtime) =>
  groups.filter(
    ({ title, except = [] }) =>
      wanted.some((start) => title.startsWith(start)) && !except.includes(runtime),
  );

/** What a runtime says of its checks, as it comes in. */
class Told {
  readonly #known = new Map<string, string>();
  readonly #waiting = new Map<string, (text: string) => void>();
  #end: string | null = null;

  add({ group, told }: Message): void {
    for (const { name, text } of told) {
      const key = `${group}: ${name}`;
      this.#known.set(key, text);
      this.#waiting.get(key)?.(text);
    }
  }

  /** What is not told by now never is. */
  end(why: string): void {
    this.#end = why;
    for (const [key, tell] of this.#waiting) if (!this.#known.has(key)) tell(why);
  }

  async of(group: string, name: string): Promise<string> {
    const key = `${group}: ${name}`;
    const known = this.#known.get(key) ?? this.#end;
    return known ?? new Promise((tell) => this.#waiting.set(key, tell));
  }
}

export function onRuntime(runtime: Runtime): void {
  const title = `webgpu in ${runtime}`;
  const absent = absence(runtime);
  if (absent !== null) {
    absentTests([{ name: title, how: absent, why: "it is not here" }]);
    return;
  }

  const chosen = chosenIn(runtime);
  const told = new Told();
  let whole: Promise<Summary | null>;
  beforeAll(async () => {
    const entry = fileURLToPath(new URL("suite.entry.ts", import.meta.url));
    const path = await bundle(entry);
    const file = async (url: string) =>
      url === "/groups.json"
        ? JSON.stringify(chosen.map(({ title }) => title))
        : textOf(/^\/fixtures\/(.*)\.json$/.exec(url)?.[1] ?? "");
    const listener = { told: (message: unknown) => told.add(message as Message), file };
    whole = run(runtime, path, listener).then(
      (summary) => {
        told.end(`${title} said nothing of this check`);
        return summary as Summary;
      },
      (error: Error) => {
        told.end(error.message);
        return null;
      },
    );
  }, MINUTES);

  for (const group of chosen) {
    describe(`${title}: ${group.title}`, () => {
      for (const name of group.names) {
        const file = group === fixtureGroup ? name.split(",")[0] : "";
        if (file !== "" && textOf(file) === null) {
          test.skip(`${name}: absent: no ${folder}/${file}.json; set HYPERGRAD_FIXTURES`);
          continue;
        }
        test(
          name,
          async () => {
            const text = await told.of(group.title, name);
            if (text !== "") throw new Error(text);
          },
          LIMIT,
        );
      }
    });
  }

  test(
    `${title}: all groups ran to the end`,
    async () => {
      const summary = await whole;
      expect(summary).not.toBeNull();
      const seconds = Object.entries(summary!.seconds).map(
        ([name, s]) => `${name} ${s.toFixed()} s`,
      );
      console.log(`${title}: ${summary!.adapter}: ${seconds.join(", ")}`);
      expect(summary!.adapter).not.toBe("");
    },
    LIMIT,
  );
}
