// The report of a run as one HTML file: nothing in it is fetched from elsewhere.

import type { data } from "hypergrad";
import { style as common, escape } from "../html";
import { type Curve, curves, smooth } from "./charts";
import type { Checkpoint } from "./checkpoint";
import { cellText, columnsOf, columnText, headlineSteps } from "./evaluate";
import { pictureOf } from "./picture";
import type { Result } from "./run";
import type { HostTask, Tasks } from "./tasks";

const SHOWN = 6; // test tasks in pictures

interface ReportParts {
  run: Checkpoint;
  result: Result;
  tasks: Tasks;
  /** The command that makes the run again. */
  command: string;
}

/** The report as HTML text. */
export async function reportOf(parts: ReportParts): Promise<string> {
  const { run, result, tasks } = parts;
  const { settings } = run;
  const percent = tasks.measure === "accuracy";
  const name = ({ order, seed }: { order: number; seed: number }) =>
    `order ${order}${settings.seeds > 1 ? `, seed ${seed}` : ""}`;
  const shown = run.phases.filter((phase) => phase.seed === settings.seed);
  const losses = shown.map((p): Curve => ({ label: name(p), points: smooth(p.loss) }));
  const scores = shown.map(
    (p): Curve => ({ label: name(p), points: p.score.map(([x, y]) => ({ x, y })) }),
  );
  const after = columnText(settings.steps, settings);
  const scoreLabel = `${tasks.measure} after ${after}, new training tasks`;
  const record = JSON.stringify({
    ...run,
    phases: run.phases.map(({ arrays: _, ...p }) => p),
    rows: result.rows,
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>hypergrad demo: ${escape(settings.task)}</title>
<style>${style}</style>
<h1>Learning to learn: ${escape(settings.task)}</h1>
<p>${escape(tasks.about)}. ${settings.testTasks} fixed test tasks, mean ± 95 % interval.</p>
${table(parts)}
<p class="note">* more inner steps than in training. Trained with ${settings.steps}.
${percent ? "The norm layers use the statistics of the very batch: " : ""}
${percent ? "predictions are transductive." : ""}</p>
<h2>Training</h2>
<div class="row">
${curves(losses, { x: "meta-step", y: "meta-loss (query loss after the inner steps)", log: true })}
${curves(scores, { x: "meta-step", y: scoreLabel, percent })}
</div>
<h2>Test tasks</h2>
${percent ? await episodePictures(parts) : await sinePictures(parts)}
<h2>Setting</h2>
${settingList(parts)}
<script type="application/json" id="run">${record.replaceAll("<", "\\u003c")}</script>
</html>
`;
}

function table({ run: { settings }, result, tasks }: ReportParts): string {
  const head = columnsOf(settings).map((k) => `<th>${columnText(k, settings)}</th>`);
  const rows = result.rows.map(({ label, cells }) => {
    const shown = columnsOf(settings).map((_, i) =>
      cells ? `<td>${cellText(cells[i], tasks.measure)}</td>` : "<td>not trained</td>",
    );
    return `<tr><th>${label}</th>${shown.join("")}</tr>`;
  });
  return `<table><tr><th>${tasks.measure}</th>${head.join("")}</tr>${rows.join("")}</table>`;
}

/** Support images in a row by class, below them the query images: green where right. */
async function episodePictures({ run, result, tasks }: ReportParts): Promise<string> {
  const { settings } = run;
  const steps = headlineSteps(settings);
  const blocks: string[] = [];
  for (let i = 0; i < SHOWN; i++) {
    const task = tasks.test(i);
    const { predictions } = await result.best.test(task, [steps]);
    const support = images(
      task.support,
      (y) => `<figcaption>${y}</figcaption>`,
      () => "",
    );
    const query = images(
      task.query,
      (y, k) => {
        const p = predictions[0][k];
        return `<figcaption>${p === y ? p : `${p}, not ${y}`}</figcaption>`;
      },
      (y, k) => (predictions[0][k] === y ? "right" : "wrong"),
    );
    blocks.push(
      `<section><h3>task ${i}</h3><div class="images">${support}</div>` +
        `<div class="images">${query}</div></section>`,
    );
  }
  const lead = `<p>Above the support images with their labels, below the query images with the label
predicted after ${steps} inner steps by the ${result.rows[0].cells ? "second" : "first"}-order
learner.</p>`;
  return `${lead}<div class="row">${blocks.join("\n")}</div>`;
}

function images(
  side: HostTask["support"],
  caption: (label: number, k: number) => string,
  kind: (label: number, k: number) => string,
): string {
  const [, height, width] = [...side.shape, 1, 1];
  const size = height * width;
  return Array.from(side.y, (label, k) => {
    const pixels = side.x.subarray(k * size, (k + 1) * size);
    const source = pictureOf(pixels, height, width);
    const image = `<img src="${source}" alt="" width="56" height="56">`;
    return `<figure class="${kind(label, k)}">${image}${caption(label, k)}</figure>`;
  }).join("");
}

/** The curve, its support points, and the net before and after inner steps. */
async function sinePictures({ result, tasks }: ReportParts): Promise<string> {
  const grid = Float32Array.from({ length: 201 }, (_, i) => -5 + i / 20);
  const charts: string[] = [];
  for (let i = 0; i < SHOWN; i++) {
    const task = tasks.test(i) as data.SinusoidTask;
    const y = grid.map((x) => task.amplitude * Math.sin(x - task.phase));
    const asked = { ...task, query: { x: grid, y, shape: [grid.length, 1] as const } };
    const { predictions } = await result.best.test(asked, [0, 1, 10]);
    const over = (ys: ArrayLike<number>) => Array.from(grid, (x, k) => ({ x, y: ys[k] }));
    const list = [
      { label: "truth", points: over(y) },
      { label: "1 step", points: over(predictions[1]) },
      { label: "before", points: over(predictions[0]) },
      { label: "10 steps", points: over(predictions[2]) },
    ];
    const dots = Array.from(task.support.x, (x, k) => ({ x, y: task.support.y[k] }));
    charts.push(curves(list, { x: "x", y: "y", width: 360, height: 240, dots }));
  }
  return `<div class="row">${charts.join("\n")}</div>`;
}

function settingList({ run, command }: ReportParts): string {
  const times = run.phases.map(
    (p) => `order ${p.order}, seed ${p.seed}: ${p.seconds.toFixed(1)} s for ${p.done} meta-steps`,
  );
  const rows: [string, string][] = [
    ["command", command],
    ["version", run.version],
    ["device", run.device],
    ...Object.entries(run.settings).map(([k, v]): [string, string] => [k, String(v)]),
    ["training time", times.join("; ")],
    [
      "test tasks",
      "task streams are functions of (seed, index); the test tasks of the numbers 0 on",
    ],
  ];
  return `<dl>${rows.map(([k, v]) => `<dt>${escape(k)}</dt><dd>${escape(v)}</dd>`).join("")}</dl>`;
}

const style = `${common}
.note, figcaption { color: #555; font-size: .85em; }
.images { display: flex; gap: .4rem; margin-bottom: .4rem; }
.images { flex-wrap: wrap; } .images figure { border: 3px solid #ddd; text-align: center; }
.images .right { border-color: #16a34a; } .images .wrong { border-color: #dc2626; }
img { image-rendering: pixelated; display: block; } h3 { margin: .4rem 0; font-size: 1em; }`;
