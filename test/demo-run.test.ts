// The demo from end to end on small settings: a run that was stopped and resumed has the bits of
// one that was not, and the report is one whole file.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init } from "hypergrad";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../examples/demo/checkpoint";
import { createLearner } from "../examples/demo/learn";
import { parseOptions } from "../examples/demo/options";
import { reportOf } from "../examples/demo/report";
import { phasesOf, run, Stopped } from "../examples/demo/run";
import { loadTasks } from "../examples/demo/tasks";

let folder: string;
beforeAll(async () => {
  await init({ device: "wasm" });
  folder = await mkdtemp(join(tmpdir(), "hypergrad-"));
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterAll(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

function start(line: string): Checkpoint {
  const { settings } = parseOptions(line.split(" "))!;
  return { settings, device: "wasm: a test", version: "test", phases: phasesOf(settings) };
}

/** Runs to the end, stopping after so many steps or test tasks, each time going on from the
 * file. */
async function inPieces(line: string, pieces: readonly number[]) {
  const path = join(folder, "a.safetensors");
  let state = start(line);
  for (let stops = 0; ; stops++) {
    const tasks = await loadTasks(state.settings);
    let left = pieces[stops] ?? Number.POSITIVE_INFINITY;
    try {
      return { state, result: await run(state, tasks, () => left-- <= 0), stops };
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      await writeCheckpoint(path, state);
      state = await readCheckpoint(path);
    }
  }
}

const small = {
  characters: "--filters 4 --iterations 6 --meta-batch 2 --test-tasks 4 --way 3",
  sinusoid: "--task sinusoid --filters 8 --iterations 6 --meta-batch 2 --test-tasks 4 --seeds 2",
};

describe("a run", () => {
  test.each(Object.entries(small))("%s: stopped and resumed has the same bits", async (_, line) => {
    const whole = start(line);
    const result = await run(whole, await loadTasks(whole.settings), () => false);
    const pieces = await inPieces(line, [0, 2, 6, 1, 5]);
    expect(pieces.stops).toBe(5);
    const bits = ({ phases }: Checkpoint) => phases.map(({ seconds: _, ...rest }) => rest);
    expect(bits(pieces.state)).toEqual(bits(whole));
    expect(pieces.result.rows).toEqual(result.rows);
    expect(whole.phases.map((phase) => phase.loss.length)).toEqual(whole.phases.map(() => 6));
  });

  test("the two orders learn from the same start and the same tasks, and differ", async () => {
    const state = start(small.characters);
    await run(state, await loadTasks(state.settings), () => false);
    const [second, first] = state.phases;
    expect([second.order, first.order]).toEqual([2, 1]);
    expect(first.loss[0]).toBe(second.loss[0]);
    expect(first.loss.slice(1)).not.toEqual(second.loss.slice(1));
  });

  test.each(Object.entries(small))("%s: the report stands alone", async (_, line) => {
    const state = start(line);
    const tasks = await loadTasks(state.settings);
    const result = await run(state, tasks, () => false);
    const html = await reportOf({ run: state, result, tasks, command: "npm run demo -- <test>" });
    expect(html.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(
      /https?:|<link|src="(?!data:)/,
    );
    expect(html).not.toMatch(/NaN|undefined|\[object/);
    expect(html).toContain("<dd>npm run demo -- &lt;test></dd>");
    const data = JSON.parse(/id="run">(.*)<\/script>/.exec(html)![1]);
    expect(data.rows).toEqual(result.rows);
    expect(html.match(/<svg/g)).toHaveLength(line.includes("sinusoid") ? 8 : 2);
    const right = html.match(/<figure class="(right|wrong)"/g);
    expect(right?.length ?? 0).toBe(line.includes("sinusoid") ? 0 : 18);
  });
});

describe("a learner", () => {
  test("learns: the meta-loss falls on one repeated task", async () => {
    const { settings } = start("--filters 8 --way 3");
    const tasks = await loadTasks(settings);
    const learner = createLearner(settings, 2, 0, null);
    const task = tasks.train(0)(0);
    const losses: number[] = [];
    for (let i = 0; i < 40; i++) losses.push(await learner.step([task]));
    expect(losses[39]).toBeLessThan(losses[0] / 3);
    learner.dispose();
  });

  test("testing changes nothing, and steps add up", async () => {
    const { settings } = start(small.sinusoid);
    const tasks = await loadTasks(settings);
    const learner = createLearner(settings, 2, 0, null);
    const before = await learner.arrays();
    const all = await learner.test(tasks.test(0), [0, 1, 5]);
    const last = await learner.test(tasks.test(0), [5]);
    expect(all.scores[2]).toBe(last.scores[0]);
    expect(all.scores[2]).toBeLessThan(all.scores[0]);
    expect(await learner.arrays()).toEqual(before);
    learner.dispose();
  });
});
