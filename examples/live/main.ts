// The page: controls, numbers and charts. All training is in the worker; here a message becomes a
// drawing at the next frame, and nothing waits.

import { Chart, History } from "./charts";
import { Drawing } from "./drawing";
import { type Answer, type Frame, type Line, type Request, searchOf, settingsOf } from "./settings";

const $ = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
const ask = (request: Request) => worker.postMessage(request);

let settings = settingsOf(location.search);
let running = false;
const histories = new Map<1 | 2, History>();
const norms = new Map<1 | 2, readonly number[]>();
let latest: Frame | null = null;
let drawn = true;

const charts = {
  picture: new Chart($("picture")),
  losses: new Chart($("losses")),
  norms: new Chart($("norms")),
};
const drawing = new Drawing($("drawing"), (drawings) => ask({ type: "tell", drawings }));

const fields = ["problem", "order", "device", "seed"] as const;

function showSettings(): void {
  for (const name of fields) $<HTMLInputElement>(name).value = String(settings[name]);
  history.replaceState(null, "", searchOf(settings));
  $("drawing").hidden = settings.problem !== "characters";
  $("own").hidden = settings.problem === "characters";
}

function forget(): void {
  histories.clear();
  norms.clear();
  latest = null;
  for (const chart of Object.values(charts)) chart.clear();
  drawing.show(null);
  for (const name of ["loss", "time", "memory"]) $(`n-${name}`).textContent = "–";
  $("n-step").textContent = "0";
}

function start(run: boolean): void {
  forget();
  showSettings();
  notice("Loading …", false);
  ask({ type: "start", settings, running: run });
}

function notice(text: string, bad: boolean): void {
  $("notice").textContent = text;
  $("notice").classList.toggle("bad", bad);
}

function showRunning(now: boolean): void {
  running = now;
  $("run").textContent = running ? "Pause" : "Train";
}

const sizeText = (bytes: number) =>
  bytes < 2 ** 20 ? `${(bytes / 2 ** 10).toFixed(0)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const orderName = (order: 1 | 2) => (order === 2 ? "order 2" : "order 1");

/** Orders in the order of their colours, whatever came first. */
const orders = () => ([2, 1] as const).filter((order) => histories.has(order));

function drawLosses(): void {
  const lists = orders().map((order) => ({ order, ...histories.get(order)!.points() }));
  if (lists.length === 0 || lists[0].x.length === 0) return;
  const { x } = lists.reduce((a, b) => (a.x.length >= b.x.length ? a : b));
  const lines = lists.map(({ order, y }): Line => {
    const missing = new Array<null>(x.length - y.length).fill(null);
    return { label: orderName(order), y: [...missing, ...y] };
  });
  charts.losses.draw(x, [{ label: "", y: [] }, ...lines].slice(1), {
    ...{ xLabel: "meta-step", yLabel: "loss", logarithmic: true },
  });
}

function drawNorms(): void {
  const lists = orders().flatMap((order) => {
    const list = norms.get(order);
    return list === undefined ? [] : [{ label: orderName(order), y: list }];
  });
  if (lists.length === 0) return;
  const x = lists[0].y.map((_, k) => k);
  charts.norms.draw(x, lists, { xLabel: "inner step", yLabel: "norm", logarithmic: true });
}

function drawFrame(): void {
  drawn = true;
  const frame = latest;
  if (frame === null) return;
  $("n-step").textContent = String(frame.step);
  const loss = histories.get(orders()[0])?.last;
  $("n-loss").textContent = loss === undefined ? "–" : loss.toPrecision(4);
  $("n-time").textContent = frame.stepMs === 0 ? "–" : `${frame.stepMs.toFixed(1)} ms`;
  $("n-memory").textContent = `${sizeText(frame.bytes)}, most ${sizeText(frame.peakBytes)}`;
  drawLosses();
  drawNorms();
  if (frame.picture !== null) {
    const { title, x, lines, ...options } = frame.picture;
    $("own-title").textContent = title;
    charts.picture.draw(x, lines, options);
  }
  if (frame.accuracy !== null) {
    const [before, after] = frame.accuracy.map((share) => `${Math.round(100 * share)} %`);
    $("drawing-title").textContent =
      `New characters told: ${before} before, ${after} after 5 steps`;
  }
}

function take(frame: Frame): void {
  for (const { order, losses, norms: last } of frame.progress) {
    const history = histories.get(order) ?? new History();
    histories.set(order, history);
    for (const loss of losses) history.add(loss);
    norms.set(order, last);
  }
  const before = latest;
  latest = {
    ...frame,
    picture: frame.picture ?? (drawn ? null : (before?.picture ?? null)),
    accuracy: frame.accuracy ?? (drawn ? null : (before?.accuracy ?? null)),
  };
  // A hidden tab draws nothing; the frames that come meanwhile are one drawing later.
  if (drawn) requestAnimationFrame(drawFrame);
  drawn = false;
}

function download(bytes: Uint8Array, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes as BlobPart]));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

worker.onmessage = ({ data }: { data: Answer }) => {
  if (data.type === "ready") {
    $("n-device").textContent = data.device;
    $("n-device").title = data.reason;
    $("about").textContent = data.about;
    notice(data.reason, false);
  } else if (data.type === "frame") take(data.frame);
  else if (data.type === "running") showRunning(data.running);
  else if (data.type === "notice") notice(data.text, data.bad);
  else if (data.type === "saved") download(data.bytes, data.name);
  else if (data.type === "told") drawing.show(data.steps);
  else if (data.type === "loaded") {
    const frame = latest;
    forget();
    settings = data.settings;
    showSettings();
    if (frame !== null) take(frame);
    notice(`Loaded: going on at step ${data.step}.`, false);
  } else {
    const dialog = $<HTMLDialogElement>("graph-view");
    dialog.querySelector("iframe")!.srcdoc = data.html;
    dialog.showModal();
    notice("", false);
  }
};
worker.onerror = (event) => notice(`The worker failed: ${event.message}`, true);

function changed(name: (typeof fields)[number]): void {
  const query = new URLSearchParams(
    fields.map((field) => [field, $<HTMLInputElement>(field).value]),
  );
  settings = settingsOf(`?${query}`);
  if (name === "device") ask({ type: "device", device: settings.device });
  else if (name === "order") ask({ type: "order", order: settings.order });
  else start(running);
  showSettings();
}

for (const name of fields) $(name).addEventListener("change", () => changed(name));
$("settings").addEventListener("submit", (event) => event.preventDefault());
$("run").addEventListener("click", () => ask({ type: running ? "pause" : "run" }));
$("step").addEventListener("click", () => ask({ type: "step" }));
$("reset").addEventListener("click", () => start(false));
$("save").addEventListener("click", () => ask({ type: "save" }));
$("load").addEventListener("click", () => $("file").click());
$("graph").addEventListener("click", () => {
  notice("Timing a step …", false);
  ask({ type: "graph" });
});
$("file").addEventListener("change", async () => {
  const input = $<HTMLInputElement>("file");
  const file = input.files?.[0];
  if (file !== undefined) ask({ type: "load", bytes: new Uint8Array(await file.arrayBuffer()) });
  input.value = ""; // so that the same file can be taken again
});

// The net learns on: what it says of the visitor's characters changes with it.
setInterval(() => {
  if (running) drawing.tell();
}, 1000);

start(false);
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("sw.js");
