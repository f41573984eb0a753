// Trials in workers of Node, Deno and pages: the same study for any number of them, trainings that
// go on in another worker from the very bits they left, and workers that die.

import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import { testWith } from "./devices";
import type { Result } from "./search-workers.entry";
import { bundle } from "./webgpu/bundle";
import { absence, type Runtime, run } from "./webgpu/runners";

const entry = fileURLToPath(new URL("search-workers.entry.ts", import.meta.url));

describe.each<Runtime>(["node", "deno", "chromium", "firefox", "webkit"])(
  "trials in workers of %s",
  (runtime) => {
    const absent = runtime === "node" ? null : absence(runtime);
    testWith(
      absent,
      "the same study for any number, and none that a death ends",
      async () => {
        const { studies, dying, errors } = (await run(runtime, await bundle(entry))) as Result;
        for (const name of ["asha", "hyperband", "pbt"]) {
          const [alone, ...others] = studies[name];
          expect(others).toEqual([alone, alone, alone]);
          const resumed = alone.trials.filter(({ reports }) => reports.length > 1);
          expect(resumed.length).toBeGreaterThan(2);
        }
        expect(studies.pbt[0].trials.some(({ from }) => from !== undefined)).toBe(true);

        expect(dying.study.trials.map(({ state }) => state)).toEqual(
          [0, 1, 2, 3, 4, 5].map((id) => (id === 2 ? "failed" : "done")),
        );
        expect(dying.lost.map(({ id }) => id)).toEqual([2]);
        expect(dying.lost[0].reason).toContain("out of luck");

        expect(errors[0]).toBe("RangeError: as it was told");
        expect(errors[1]).toMatch(/^HypergradError: trialWorkers: a worker does not start: /);
        expect(errors[2]).toBe(
          "HypergradError: serveTrials: this is no worker. Call it in the module that " +
            "trialWorkers starts.",
        );
      },
      300_000,
    );
  },
);
