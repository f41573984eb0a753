// Runs one of the five systems beside its baselines under the same budget and reports it.
// npm run experiment -- s0|s1|s2|s3|s4 [--data DIR] [--seeds N] [--budget MIN] [--resume]

import { writeFile } from "node:fs/promises";
import { init } from "hypergrad";
import { UsageError, versions } from "../commandLine";
import { clock, progress } from "../demo/progress";
import type { Experiment, Job, Plan, Result } from "./experiment";
import { type Command, help, type Name, parseOptions } from "./options";
import { type Record, readRecord, recordOf, sameJob, together, writeRecord } from "./record";
import { reportOf } from "./report";
import { tablesOf, tableText } from "./summary";

const experiments: { [name in Name]: () => Promise<Experiment> } = {
  s0: async () => (await import("./s0/index")).s0,
  s1: async () => (await import("./s1/index")).s1,
  s2: async () => (await import("./s2/index")).s2,
  s3: async () => (await import("./s3/index")).s3,
  s4: async () => (await import("./s4/index")).s4,
};

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
  const experiment = await experiments[settings.experiment]();
  const seeds = Array.from({ length: settings.seeds }, (_, i) => settings.seed + i);
  const plan = part(await experiment.plan(settings, seeds, command.data), command.only);
  console.log(`${version}\ndevice ${device}\n${experiment.title}`);
  for (const line of plan.about) console.log(`  ${line}`);

  const results: Result[] = [];
  const recordWith = (all: readonly Result[]): Record =>
    recordOf({ settings, device, version, results: all });
  const write = () => writeRecord(file, recordWith(together(results, earlier?.results ?? [])));
  for (const [i, job] of plan.jobs.entries()) {
    const known = earlier?.results.find((r) => sameJob(r, job));
    results.push(known ?? (await runJob(job, `${i + 1}/${plan.jobs.length}`)));
    if (known === undefined) await write();
  }
  await write();
  const asked = recordWith(results);
  const page = `${out}/report.html`;
  await writeFile(page, reportOf(experiment, plan, asked, commandOf(command)));

  const repeated = settings.seeds > 1 ? `mean over ${settings.seeds} seeds` : "one seed";
  console.log(`\n${repeated}, ± half the 95 % interval`);
  for (const table of tablesOf(plan, results)) console.log(`\n${tableText(table)}`);
  console.log();
  for (const line of plan.verdict(results)) console.log(`- ${line}`);
  const seconds = (performance.now() - started) / 1000;
  console.log(`\nreport ${page}; numbers ${file}; digest ${asked.digest}; ${clock(seconds)}`);
  return 0;
}

async function runJob(job: Job, place: string): Promise<Result> {
  const { group, method, seed } = job;
  const from = performance.now();
  const bar = progress(`${place} ${group}, ${method}, seed ${seed}`, 100);
  try {
    const outcome = await job.run(async (done, total, note = "") => {
      bar.update(Math.round((100 * done) / total), note);
      await new Promise((resolve) => setImmediate(resolve)); // signals and the terminal
    });
    return { group, method, seed, seconds: (performance.now() - from) / 1000, outcome };
  } finally {
    bar.stop();
  }
}

/** The jobs that were asked for. Throws a UsageError when there are none. */
function part(plan: Plan, only = ""): Plan {
  const jobs = plan.jobs.filter(({ group, method }) => `${group}: ${method}`.includes(only));
  const groups = [...new Set(plan.jobs.map(({ group }) => group))];
  const others = groups.filter((name) => jobs.every(({ group }) => group !== name));
  const told = (line: string) => !others.some((group) => line.startsWith(group));
  if (jobs.length > 0) return { ...plan, jobs, verdict: (all) => plan.verdict(all).filter(told) };
  throw new UsageError(`--only ${only}: no row has that; tables are ${groups.join("; ")}`);
}

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
