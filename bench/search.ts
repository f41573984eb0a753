// Simple regret of the samplers on Branin after 50 evaluations and Hartmann6 after 100, median over
// seeds, beside the figures to reach; and on two surfaces that no setting was chosen on.
// npm run bench:search -- [--seeds 10] [--only gp]

import { parseArgs } from "node:util";
import { search } from "hypergrad";
import { ackley3, branin, hartmann3, hartmann6, type Surface } from "./surfaces";

const { values: given } = parseArgs({
  options: { seeds: { type: "string", default: "10" }, only: { type: "string" } },
});

const surfaces: { surface: Surface; evaluations: number; wanted: Record<string, number> }[] = [
  { surface: branin, evaluations: 50, wanted: { gp: 0.001, tpe: 0.3 } },
  { surface: hartmann6, evaluations: 100, wanted: { gp: 0.01, tpe: 0.35 } },
  { surface: hartmann3, evaluations: 50, wanted: {} },
  { surface: ackley3, evaluations: 100, wanted: {} },
];

const samplers = [search.random(), search.tpe(), search.bohb(), search.cmaes(), search.gp()];

/** The lowest value found less the minimum, and the seconds it took. */
async function regret(sampler: search.Sampler, surface: Surface, trials: number, seed: number) {
  const from = performance.now();
  const study = search.study(surface.space, { sampler, seed });
  await search.optimize(study, (params) => surface.value(Object.values(params)), { trials });
  const seconds = (performance.now() - from) / 1000;
  return { regret: study.best()!.value! - surface.minimum, seconds };
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = part * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (at - Math.floor(at)) * (high - low);
}

function line(cells: readonly string[]): void {
  console.log(cells.map((cell, i) => (i < 2 ? cell.padEnd(15) : cell.padStart(12))).join(""));
}

line(["function", "sampler", "median", "quartile 1", "quartile 3", "to reach", "", "s a run"]);
for (const { surface, evaluations, wanted } of surfaces) {
  for (const sampler of samplers) {
    if (given.only !== undefined && given.only !== sampler.name) continue;
    const runs: { regret: number; seconds: number }[] = [];
    for (let seed = 0; seed < Number(given.seeds); seed++) {
      runs.push(await regret(sampler, surface, evaluations, seed));
    }
    const regrets = runs.map((run) => run.regret);
    const shown = [0.5, 0.25, 0.75].map((part) => quantile(regrets, part));
    const most = wanted[sampler.name];
    const verdict = most === undefined ? "" : shown[0] <= most ? "reached" : "missed";
    const seconds = quantile(
      runs.map((run) => run.seconds),
      0.5,
    );
    line([
      `${surface.name} ${evaluations}`,
      sampler.name,
      ...shown.map((x) => x.toPrecision(3)),
      most === undefined ? "" : String(most),
      verdict,
      seconds.toFixed(2),
    ]);
  }
}
