// Runs one of the five systems beside its baselines under the same budget and reports it.
// npm run experiment -- s0|s1|s2|s3|s4 [--data DIR] [--seeds N] [--budget MIN] [--workers N]

import { writeFile } from "node:fs/promises";
import { init } from "hypergrad";
import { UsageError, versions } from "../commandLine";
import { clock, type Progress, progress } from "../demo/progress";
import type { Plan, Result } from "./experiment";
import { planOf } from "./load";
import { type Command, help, parseOptions } from "./options";
import { type Record, readRecord, recordOf, sameJob, together, writeRecord } from "./record";
import { reportOf } from "./report";
import { tablesOf, tableText } from "./summary";
import { type Hand, handFor } from "./workers";

const started = performance.now();

async function main(args: readonly string[]): Promise<number> {
  const command = parseOptions(args);
  if (command === null) {
    console.log(help);
    return 0;
  }
  const { settings, out } = command;
  const file = `${out}/results.json`;
  const earlier = command.resume ? await readRecord(file, settings) : null;
  const device = (await init({ device: settings.device })).info.reason;
  const version = await versions();
  if (earlier !== null && (earlier.device !== device || earlier.version !== version)) {
    console.warn(`warning: resumed from ${earlier.version} on ${earlier.device}: bits may differ`);
  }
  const { title, plan } = await planOf(command);
  console.log(`${version}\ndevice ${device}\n${title}`);
  for (const line of plan.about) console.log(`  ${line}`);

  const known = plan.jobs.map((job) => earlier?.results.find((r) => sameJob(r, job)));
  const recordWith = (all: readonly Result[]): Record =>
    recordOf({ settings, device, version, results: all });
  const results = await runJobs(command, plan, known, (done) =>
    writeRecord(file, recordWith(together(done, earlier?.results ?? []))),
  );
  const asked = recordWith(results);
  const page = `${out}/report.html`;
  await writeFile(page, reportOf(title, plan, asked, commandOf(command)));

  const repeated = settings.seeds > 1 ? `mean over ${settings.seeds} seeds` : "one seed";
  console.log(`\n${repeated}, ± half the 95 % interval`);
  for (const table of tablesOf(plan, results)) console.log(`\n${tableText(table)}`);
  console.log();
  for (const line of plan.verdict(results)) console.log(`- ${line}`);
  const seconds = (performance.now() - started) / 1000;
  console.log(`\nreport ${page}; numbers ${file}; digest ${asked.digest}; ${clock(seconds)}`);
  return 0;
}

/** The results of all jobs, in their order, those known already as they are; `write` is given what
 * there is after each. */
async function runJobs(
  command: Command,
  { jobs }: Plan,
  known: readonly (Result | undefined)[],
  write: (done: readonly Result[]) => Promise<void>,
): Promise<readonly Result[]> {
  const results = [...known];
  const done = () => results.filter((r) => r !== undefined);
  const places = [...jobs.keys()].filter((i) => results[i] === undefined);
  const here: Hand = { run: (place, tell) => jobs[place].run(tell), end() {} };
  const count = Math.min(command.workers, places.length);
  const hands = Array.from({ length: count }, () => (count === 1 ? here : handFor(command)));
  let written = Promise.resolve();
  const work = async (hand: Hand) => {
    for (let i = places.shift(); i !== undefined; i = places.shift()) {
      const { group, method, seed } = jobs[i];
      const name = `${i + 1}/${jobs.length} ${group}, ${method}, seed ${seed}`;
      const bar = count === 1 ? progress(name, 100) : ending(name);
      const from = performance.now();
      try {
        const outcome = await hand.run(i, async (part, total, note = "") => {
          bar.update(Math.round((100 * part) / total), note);
          await new Promise((resolve) => setImmediate(resolve)); // signals and the terminal
        });
        const seconds = (performance.now() - from) / 1000;
        results[i] = { group, method, seed, seconds, outcome };
      } finally {
        bar.stop();
      }
      written = written.then(() => write(done()));
      await written;
    }
  };
  try {
    await Promise.all(hands.map(work));
  } finally {
    for (const hand of hands) hand.end();
  }
  await write(done());
  return done();
}

/** A line where a job ends, for several at a time. */
const ending = (name: string): Progress => ({
  update() {},
  stop: () => console.error(name),
});

/** The command that makes this run again. */
function commandOf({ settings, data, only }: Command): string {
  const { experiment, seed, seeds, budget, device } = settings;
  const folder = data === undefined ? "" : ` --data ${data}`;
  const rest = `--seeds ${seeds} --seed ${seed} --budget ${budget} --device ${device}`;
  const groups = only === undefined ? "" : ` --only "${only}"`;
  return `npm run experiment -- ${experiment}${folder}${groups} ${rest}`;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError;
  const known = error instanceof Error && (usage || /Error$/.test(error.name));
  console.error(known && process.env.DEBUG === undefined ? `experiment: ${error.message}` : error);
  if (usage) console.error("npm run experiment -- --help lists the options");
  process.exitCode = usage ? 2 : 1;
}
