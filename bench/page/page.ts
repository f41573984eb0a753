// The bench page: chooses device and rows, runs them, shows bars and a roofline, and gives the JSON
// that `--json` would keep.

import { init } from "hypergrad";
import type { Result, Run } from "../results";
import type { Group } from "../row";
import { groups } from "../rows/index";
import { runGroups } from "../run";
import { FULL, QUICK } from "../sampling";
import { digits, percent, seconds } from "../text";
import { roofline } from "./roofline";

declare const VERSION: string;

const find = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
const device = find<HTMLSelectElement>("device");
const only = find<HTMLInputElement>("only");
const quick = find<HTMLInputElement>("quick");
const runButton = find<HTMLButtonElement>("run");
const stopButton = find<HTMLButtonElement>("stop");
const copyButton = find<HTMLButtonElement>("copy");
const status = find("status");
const bar = find<HTMLProgressElement>("progress");
const table = find<HTMLTableSectionElement>("rows");

let stopped = false;
let latest: Run | null = null;

interface Place {
  readonly title: string;
  readonly device: "wasm" | "webgpu";
  readonly threads: number;
}

/** What this browser has; a WebGPU on the CPU is there to be chosen, but never first. */
async function places(): Promise<Place[]> {
  const found: Place[] = [{ title: "WebAssembly", device: "wasm", threads: 1 }];
  const cores = navigator.hardwareConcurrency;
  if (globalThis.crossOriginIsolated && cores > 1) {
    found.push({ title: `WebAssembly, ${cores} threads`, device: "wasm", threads: cores });
  }
  try {
    const there = await init({ device: "webgpu" });
    const place = {
      title: `WebGPU (${there.info.adapter})`,
      device: "webgpu",
      threads: 1,
    } as const;
    there.dispose();
    const best = await init();
    if (best.name === "webgpu") found.unshift(place);
    else found.push(place);
    best.dispose();
  } catch {
    status.textContent = "No WebGPU adapter here.";
  }
  return found;
}

function chosen(): Group[] {
  const checked = new Set(
    [...document.querySelectorAll<HTMLInputElement>("#groups input:checked")].map((x) => x.value),
  );
  const wanted = new RegExp(only.value);
  return groups
    .filter((group) => checked.has(group.name))
    .map((group) => ({
      ...group,
      rows: group.rows.filter(
        (row) =>
          (!quick.checked || row.quick) && (wanted.test(row.name) || wanted.test(group.name)),
      ),
    }))
    .filter((group) => group.rows.length > 0);
}

function cell(text: string): HTMLTableCellElement {
  const made = document.createElement("td");
  made.textContent = text;
  return made;
}

function shown(r: Result): HTMLTableRowElement {
  const row = document.createElement("tr");
  if (r.p10 === undefined) {
    row.className = "problem";
    const why = cell(r.problem ?? "");
    why.colSpan = 5;
    row.append(cell(r.name), why);
    return row;
  }
  const share = document.createElement("td");
  share.className = "bar";
  if (r.share !== undefined) {
    const length = document.createElement("span");
    length.style.width = `${Math.min(r.share, 1) * 7}rem`;
    share.append(length, percent(r.share));
  }
  const figure = (x: number | undefined) => cell(x === undefined ? "" : digits(x));
  row.append(
    cell(r.name),
    cell(seconds(r.p10)),
    cell(seconds(r.median!)),
    figure(r.gflops),
    figure(r.gbs),
    share,
  );
  return row;
}

function show(group: string, results: readonly Result[], all: readonly Result[]): void {
  const head = document.createElement("tr");
  head.className = "group";
  const title = cell(group);
  title.colSpan = 6;
  head.append(title);
  table.append(head, ...results.map(shown));
  const plot = roofline(all);
  if (plot !== null) find("roofline").replaceChildren(plot);
}

async function run(place: Place): Promise<void> {
  const list = chosen();
  if (list.length === 0) {
    status.textContent = "No row has such a name.";
    return;
  }
  stopped = false;
  runButton.disabled = true;
  stopButton.disabled = false;
  copyButton.disabled = true;
  bar.hidden = false;
  find("results").hidden = false;
  table.replaceChildren();
  find("roofline").replaceChildren();
  const rows: Result[] = [];
  try {
    const reason = await runGroups(list, {
      device: place.device,
      threads: place.threads,
      budget: quick.checked ? QUICK : FULL,
      stopped: () => stopped,
      progress: (what, done) => {
        status.textContent = what;
        bar.value = done;
      },
      finished: (group, results) => {
        rows.push(...results);
        show(group, results, rows);
      },
    });
    const wrong = rows.filter((r) => r.problem !== undefined).length;
    const count = `${rows.length - wrong} rows right and timed, ${wrong} with a problem`;
    status.textContent = `${stopped ? "Stopped: " : ""}${count}. ${reason}.`;
    latest = {
      kind: "bench",
      date: new Date().toISOString().slice(0, 10),
      version: VERSION,
      machine: {
        cpu: "of the browser",
        cores: navigator.hardwareConcurrency,
        memoryGiB: (navigator as { deviceMemory?: number }).deviceMemory ?? 0,
        system: navigator.platform,
      },
      runtime: navigator.userAgent,
      devices: [reason],
      quick: quick.checked,
      rows,
    };
    copyButton.disabled = false;
  } catch (error) {
    status.textContent = `${(error as Error).name}: ${(error as Error).message}`;
  } finally {
    runButton.disabled = false;
    stopButton.disabled = true;
    bar.hidden = true;
  }
}

for (const { name } of groups) {
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.value = name;
  box.checked = true;
  label.append(box, ` ${name}`);
  find("groups").append(label);
}
const list = await places();
device.append(...list.map(({ title }, i) => new Option(title, String(i))));
find("choice").addEventListener("submit", (event) => {
  event.preventDefault();
  void run(list[Number(device.value)]);
});
stopButton.addEventListener("click", () => {
  stopped = true;
});
copyButton.addEventListener("click", async () => {
  await navigator.clipboard.writeText(JSON.stringify([latest], null, 1));
  status.textContent = "Copied.";
});
