// Trains one of the base networks on its data and prints the test accuracy of each seed and the
// mean. npm run train -- --task NAME [--data DIR] [--seeds 3] [--help]

import { writeFile } from "node:fs/promises";
import { HypergradError, init } from "hypergrad";
import { UsageError } from "./commandLine";
import { type Progress, progress } from "./demo/progress";
import { help, parseOptions } from "./train/options";
import { accuracyOf, runAll, type Watch } from "./train/run";

const percent = (x: number) => `${(100 * x).toFixed(2)} %`;

async function main(args: readonly string[]): Promise<number> {
  const command = parseOptions(args);
  if (command === null) {
    console.log(help());
    return 0;
  }
  const { task, settings, seed, seeds, out } = command;
  const { info } = await init({ device: command.device, threads: command.threads });
  const folder = command.data === undefined ? undefined : `${command.data}/${task.folder}`;
  const loaded = await task.load(folder);
  const list = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  console.log(`${task.title}\n  ${folder === undefined ? "generated data: " : ""}${loaded.about}`);
  console.log(`  ${list.join(", ")}\n  ${info.reason}`);

  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort());
  const started = performance.now();
  const outcomes = await runAll(command, loaded, watching(), abort.signal);
  if (abort.signal.aborted) {
    console.error(command.save === undefined ? "stopped" : `stopped; kept in ${command.save}`);
    return 130;
  }
  const each = Array.from({ length: seeds }, (_, i) => accuracyOf(outcomes, seed + i));
  const mean = each.reduce((sum, x) => sum + x, 0) / seeds;
  const seconds = (performance.now() - started) / 1000;
  for (const [i, accuracy] of each.entries()) {
    console.log(`seed ${seed + i}  test accuracy ${percent(accuracy)}`);
  }
  const goal = folder === undefined ? "" : `, to reach ${percent(task.goal)}`;
  console.log(`mean of ${seeds}: ${percent(mean)}${goal}; ${seconds.toFixed(0)} s in all`);
  if (out !== undefined) {
    const report = {
      ...{
        task: task.name,
        title: task.title,
        data: loaded.about,
        generated: folder === undefined,
      },
      ...{ settings, device: info.reason, goal: task.goal, mean, seconds },
      ...{ seeds: each.map((accuracy, i) => ({ seed: seed + i, accuracy })), trainings: outcomes },
    };
    await writeFile(out, `${JSON.stringify(report, null, 2)}\n`);
  }
  return 0;
}

/** A bar for each training where there is a terminal, else a line an epoch. */
function watching(): Watch {
  let bar: Progress | null = null;
  const where = (seed: number, fold: number) => `seed ${seed}${fold > 0 ? ` fold ${fold}` : ""}`;
  const note = (loss: number) => `loss ${loss.toFixed(4)}`;
  return {
    step: (seed, fold, { total, steps, loss }, of) => {
      if (!process.stderr.isTTY) return;
      bar ??= progress(where(seed, fold), steps * of, total - 1);
      bar.update(total, note(loss));
    },
    epoch: (seed, fold, { epoch, loss, seconds }, of) => {
      if (process.stderr.isTTY) return;
      const line = `epoch ${epoch + 1}/${of}  ${note(loss)}  ${seconds.toFixed(1)} s`;
      console.error(`${where(seed, fold)}  ${line}`);
    },
    done: ({ seed, fold, accuracy, seconds }) => {
      bar?.stop();
      bar = null;
      const line = `test accuracy ${percent(accuracy)}  ${seconds.toFixed(0)} s`;
      console.error(`${where(seed, fold)}  ${line}`);
    },
  };
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    const known = error instanceof UsageError || error instanceof HypergradError;
    console.error(known ? `train: ${error.message}` : error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  },
);
