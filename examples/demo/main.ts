// Learns to learn characters, Omniglot or sine curves by second-order MAML, beside first order and
// training from scratch. npm run demo [-- --task omniglot --data DIR] [-- --help]; demo:deno and
// demo:page run the same in Deno and in a page.

import { writeFile } from "node:fs/promises";
import { graphPage, init } from "hypergrad";
import { UsageError, versions } from "../commandLine";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint";
import { type Command, help, parseOptions, type Settings } from "./options";
import { clock, progress } from "./progress";
import { reportOf } from "./report";
import { phasesOf, type Result, run, Stopped } from "./run";
import { loadTasks, type Tasks } from "./tasks";
import { bestRow, resultText, settingText } from "./text";

const started = performance.now();

async function main(args: readonly string[]): Promise<number> {
  const command = parseOptions(args);
  if (command === null) {
    console.log(help);
    return 0;
  }
  const { resume, data } = command;
  const earlier = resume === undefined ? null : await readCheckpoint(resume);
  const settings = earlier?.settings ?? command.settings;
  if (settings.task === "omniglot" && data === undefined) {
    throw new UsageError("the checkpoint is of --task omniglot: give --data DIR too");
  }
  const device = await init({ device: settings.device });
  const about = device.info.reason;
  const version = await versions();
  warnOfOther(earlier, about, version);
  const state: Checkpoint = earlier ?? {
    settings,
    device: about,
    version,
    phases: phasesOf(settings),
  };
  console.log(`${version}\ndevice ${about}`);
  const tasks = await loadTasks(settings, data);
  console.log(`task   ${tasks.about}\nset    ${settingText(settings)}`);
  const stopping = stopOnSignal();
  try {
    const result = await run(state, tasks, stopping, progress);
    await finish({ command, state, result, tasks });
    return 0;
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    await writeCheckpoint(command.save, state);
    const folder = data === undefined ? "" : ` --data ${data}`;
    console.log(`stopped and saved; go on with: npm run demo -- --resume ${command.save}${folder}`);
    return 130;
  }
}

/** Asks whether Ctrl-C was pressed. One press may arrive several times, passed on by npm; only one
 * that comes seconds later ends the process without saving. */
function stopOnSignal(): () => boolean {
  let asked = 0;
  const stop = () => {
    if (asked > 0 && performance.now() - asked > 3000) process.exit(130);
    asked ||= performance.now();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return () => asked > 0;
}

async function finish(parts: {
  command: Command;
  state: Checkpoint;
  result: Result;
  tasks: Tasks;
}): Promise<void> {
  const { command, state, result, tasks } = parts;
  const { settings } = state;
  console.log(resultText(settings, result, tasks));
  const html = await reportOf({ run: state, result, tasks, command: commandOf(settings, command) });
  await writeFile(command.out, html);
  if (command.graph !== undefined) {
    const stream = tasks.train(settings.seed);
    const view = result.best.graph(Array.from({ length: settings.metaBatch }, (_, i) => stream(i)));
    const title = `${settings.task}: a meta-step of ${bestRow(result).label}`;
    await writeFile(command.graph, graphPage(view, { title }));
    console.log(`graph  ${command.graph}`);
  }
  result.best.dispose();
  result.scratch.dispose();
  const seconds = (performance.now() - started) / 1000;
  console.log(`report ${command.out}; ${clock(seconds)} in all`);
}

/** Other bits than those of the run that was stopped must not go unseen. */
function warnOfOther(earlier: Checkpoint | null, device: string, version: string): void {
  if (earlier === null) return;
  for (const [what, was, is] of [
    ["device", earlier.device, device],
    ["version", earlier.version, version],
  ]) {
    if (was !== is) {
      console.warn(`warning: the checkpoint is of ${what} "${was}", this is "${is}": bits differ`);
    }
  }
}

/** The command that makes this run again from the start. */
function commandOf(s: Settings, { data }: Command): string {
  const options: [string, unknown][] = [["task", s.task]];
  if (data !== undefined) options.push(["data", data]);
  if (s.task !== "sinusoid") options.push(["way", s.way]);
  options.push(["shot", s.shot], ["query", s.query], ["steps", s.steps]);
  if (s.orders.length === 1) options.push(["order", s.orders[0]]);
  options.push(["iterations", s.iterations], ["meta-batch", s.metaBatch], ["filters", s.filters]);
  options.push(["inner-lr", s.innerLr], ["outer-lr", s.outerLr]);
  options.push(["outer-decay", s.outerDecay], ["test-tasks", s.testTasks], ["seed", s.seed]);
  options.push(["seeds", s.seeds], ["device", s.device]);
  return `npm run demo -- ${options.map(([name, value]) => `--${name} ${value}`).join(" ")}`;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError;
  const known = error instanceof Error && (usage || /Error$/.test(error.name));
  console.error(known ? `demo: ${error.message}` : error);
  if (usage) console.error("npm run demo -- --help lists the options");
  process.exitCode = usage ? 2 : 1;
}
