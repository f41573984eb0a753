// The plan of a command: the same jobs, in the same order, in whichever thread it is made.

import { UsageError } from "../commandLine";
import type { Experiment, Plan } from "./experiment";
import type { Command, Name } from "./options";

const experiments: { [name in Name]: () => Promise<Experiment> } = {
  s0: async () => (await import("./s0/index")).s0,
  s1: async () => (await import("./s1/index")).s1,
  s2: async () => (await import("./s2/index")).s2,
  s3: async () => (await import("./s3/index")).s3,
  s4: async () => (await import("./s4/index")).s4,
};

/** The experiment that a command names, and of its plan what was asked for. Throws a UsageError
 * when that is nothing. */
export async function planOf(command: Command): Promise<{ title: string; plan: Plan }> {
  const { settings, data, only } = command;
  const { title, plan } = await experiments[settings.experiment]();
  const seeds = Array.from({ length: settings.seeds }, (_, i) => settings.seed + i);
  return { title, plan: part(await plan(settings, seeds, data), only) };
}

function part(plan: Plan, only = ""): Plan {
  const some = only.split("|");
  const jobs = plan.jobs.filter(({ group, method }) =>
    some.some((text) => `${group}: ${method}`.includes(text)),
  );
  const groups = [...new Set(plan.jobs.map(({ group }) => group))];
  const others = groups.filter((name) => jobs.every(({ group }) => group !== name));
  const told = (line: string) => !others.some((group) => line.startsWith(group));
  if (jobs.length > 0) return { ...plan, jobs, verdict: (all) => plan.verdict(all).filter(told) };
  throw new UsageError(`--only ${only}: no row has that; tables are ${groups.join("; ")}`);
}
