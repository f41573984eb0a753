// What runs in the page that graphPage makes: draws the graph in layers on a canvas. It is sent as
// text, so it must use nothing but its argument and the page: no import, no name from outside.

import type { GraphView, NodeView } from "./view";

/** Lays the nodes out, draws them, and answers mouse, touch and keys. */
export function picture(view: GraphView): void {
  const WIDTH = 118;
  const HEIGHT = 24;
  const ACROSS = WIDTH + 14;
  const DOWN = 46;
  const nodes = view.nodes;
  const byId = new Map<number, number>();
  nodes.forEach((node, i) => {
    byId.set(node.id, i);
  });
  const inputs = nodes.map((node) => node.inputs.map((id) => byId.get(id)!));
  const readers: number[][] = nodes.map(() => []);
  inputs.forEach((list, i) => {
    for (const from of list) if (readers[from].indexOf(i) < 0) readers[from].push(i);
  });
  const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
  const canvas = element<HTMLCanvasElement>("graph");
  const strip = element<HTMLCanvasElement>("memory");
  const detail = element("detail");
  const find = element<HTMLInputElement>("find");

  /** Layers: a node stands one below the lowest of its inputs; values from outside stand right
   * above what reads them first. */
  const layer = nodes.map(() => 0);
  nodes.forEach((_, i) => {
    for (const from of inputs[i]) layer[i] = Math.max(layer[i], layer[from] + 1);
  });
  nodes.forEach((_, i) => {
    if (inputs[i].length > 0 || readers[i].length === 0) return;
    layer[i] = Math.max(
      0,
      Math.min.apply(
        null,
        readers[i].map((k) => layer[k]),
      ) - 1,
    );
  });
  const layers: number[][] = [];
  layer.forEach((l, i) => {
    while (layers.length <= l) layers.push([]);
    layers[l].push(i);
  });

  /** Each node under the mean of its inputs, then over that of its readers, as far as there is
   * room beside its neighbours. */
  const x = nodes.map(() => 0);
  const arrange = (list: number[], around: number[][]) => {
    const want = list.map((i) => {
      if (around[i].length === 0) return x[i];
      return around[i].reduce((n, k) => n + x[k], 0) / around[i].length;
    });
    const order = list.map((_, k) => k).sort((a, b) => want[a] - want[b] || list[a] - list[b]);
    let edge = Number.NEGATIVE_INFINITY;
    let drift = 0;
    for (const k of order) {
      x[list[k]] = Math.max(want[k], edge);
      edge = x[list[k]] + ACROSS;
      drift += x[list[k]] - want[k];
    }
    for (const i of list) x[i] -= drift / list.length;
    list.sort((a, b) => x[a] - x[b]);
  };
  for (let sweep = 0; sweep < 3; sweep++) {
    for (const list of layers) arrange(list, inputs);
    if (sweep < 2) for (let l = layers.length - 1; l >= 0; l--) arrange(layers[l], readers);
  }
  const y = layer.map((l) => l * DOWN);

  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const orders = ["order0", "order1", "order2", "order3"];
  const fill = (node: NodeView) =>
    node.lifetime === null && node.inputs.length === 0
      ? color("outside")
      : color(orders[Math.min(3, node.order)]);
  const results = new Set(view.outputs);
  const bytes = (n: number) =>
    n < 1024
      ? `${n} B`
      : n < 1048576
        ? `${(n / 1024).toFixed(1)} KiB`
        : `${(n / 1048576).toFixed(2)} MiB`;
  const shape = (node: NodeView) => `[${node.shape.join(", ")}]`;
  const time = ({ within, ms }: NodeView) => {
    if (within !== null) return `a part of #${within}'s call`;
    return ms === null ? "not measured" : `${ms.toFixed(4)} ms a run`;
  };

  let scale = 1;
  let left = 0;
  let top = 0;
  let chosen = 0;
  const pixels = window.devicePixelRatio || 1;

  /** First and last layer that can be seen. */
  const seen = () => [
    Math.max(0, Math.floor(top / DOWN) - 1),
    Math.min(layers.length - 1, Math.ceil((top + canvas.clientHeight / scale) / DOWN)),
  ];

  function draw(): void {
    const pen = canvas.getContext("2d")!;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    const k = scale * pixels;
    pen.setTransform(k, 0, 0, k, -left * k, -top * k);
    const near = seen();
    const edge = (from: number, to: number) => {
      pen.moveTo(x[from] + WIDTH / 2, y[from] + HEIGHT);
      const bend = (y[to] - y[from] - HEIGHT) / 2;
      pen.bezierCurveTo(
        x[from] + WIDTH / 2,
        y[from] + HEIGHT + bend,
        x[to] + WIDTH / 2,
        y[to] - bend,
        x[to] + WIDTH / 2,
        y[to],
      );
    };
    pen.lineWidth = 1 / Math.max(0.5, scale);
    pen.strokeStyle = color("edge");
    pen.beginPath();
    for (let l = near[0]; l <= near[1]; l++) {
      for (const i of layers[l]) for (const from of inputs[i]) edge(from, i);
    }
    pen.stroke();
    pen.lineWidth = 2 / Math.max(0.5, scale);
    pen.strokeStyle = color("mark");
    pen.beginPath();
    for (const from of inputs[chosen]) edge(from, chosen);
    for (const to of readers[chosen]) edge(chosen, to);
    pen.stroke();
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    for (let l = near[0]; l <= near[1]; l++) {
      for (const i of layers[l]) {
        const node = nodes[i];
        pen.fillStyle = fill(node);
        pen.fillRect(x[i], y[i], WIDTH, HEIGHT);
        if (results.has(node.id) || i === chosen) {
          pen.strokeStyle = color(i === chosen ? "mark" : "text");
          pen.lineWidth = (i === chosen ? 3 : 1.5) / Math.max(0.4, scale);
          pen.strokeRect(x[i], y[i], WIDTH, HEIGHT);
        }
        if (scale < 0.45) continue;
        pen.fillStyle = color("label");
        const text = node.op === "constant" ? String(node.detail) : node.op;
        pen.fillText(
          `${text} ${shape(node)}`.slice(0, 19),
          x[i] + 6,
          y[i] + HEIGHT / 2,
          WIDTH - 12,
        );
      }
    }
    drawMemory();
  }

  /** Bytes alive at each kernel call; the chosen value's lifetime is marked. */
  const alive = new Float64Array(view.calls + 1);
  for (const node of nodes) {
    if (node.lifetime === null) continue;
    alive[node.lifetime[0]] += node.bytes;
    if (node.lifetime[1] + 1 <= view.calls) alive[node.lifetime[1] + 1] -= node.bytes;
  }
  for (let i = 1; i < alive.length; i++) alive[i] += alive[i - 1];
  const most = alive.reduce((a, b) => Math.max(a, b), 1);

  function drawMemory(): void {
    const pen = strip.getContext("2d")!;
    const width = strip.width;
    const height = strip.height;
    pen.clearRect(0, 0, width, height);
    const life = nodes[chosen].lifetime;
    if (life !== null) {
      pen.fillStyle = color("life");
      const from = (life[0] / view.calls) * width;
      pen.fillRect(from, 0, Math.max(2, ((life[1] + 1) / view.calls) * width - from), height);
    }
    pen.fillStyle = color("order0");
    for (let p = 0; p < width; p++) {
      const h = (alive[Math.floor((p / width) * view.calls)] / most) * height;
      pen.fillRect(p, height - h, 1, h);
    }
  }

  function choose(i: number, move: boolean): void {
    chosen = i;
    const node = nodes[i];
    const names = ["forward", "gradient", "gradient of a gradient"];
    const rows: [string, string][] = [
      ["op", node.detail === undefined ? node.op : `${node.op}: ${node.detail}`],
      ["shape", `${shape(node)} ${node.dtype}`],
      ["bytes", node.bytes === 0 ? "none of its own: a view" : bytes(node.bytes)],
      ["order", `${node.order} (${names[node.order] ?? "higher"})`],
      [
        "alive",
        node.lifetime === null
          ? "outside of the block"
          : `calls ${node.lifetime[0]} to ${node.lifetime[1]} of ${view.calls}`,
      ],
      ["time", time(node)],
    ];
    detail.textContent = "";
    const title = document.createElement("h2");
    title.textContent = `${node.op} #${node.id}${results.has(node.id) ? ", a result" : ""}`;
    const list = document.createElement("dl");
    for (const row of rows) {
      const term = document.createElement("dt");
      term.textContent = row[0];
      const what = document.createElement("dd");
      what.textContent = row[1];
      list.append(term, what);
    }
    detail.append(title, list);
    links("reads", inputs[i]);
    links("read by", readers[i]);
    if (move) show();
    draw();
  }

  function links(title: string, list: number[]): void {
    if (list.length === 0) return;
    const head = document.createElement("h3");
    head.textContent = `${title} (${list.length})`;
    detail.append(head);
    for (const i of list.slice(0, 40)) {
      const button = document.createElement("button");
      button.textContent = `${nodes[i].op} ${shape(nodes[i])}`;
      button.onclick = () => choose(i, true);
      detail.append(button);
    }
  }

  /** Brings the chosen node into sight. */
  function show(): void {
    const wide = canvas.clientWidth / scale;
    const high = canvas.clientHeight / scale;
    const margin = 60;
    if (x[chosen] < left + margin || x[chosen] + WIDTH > left + wide - margin) {
      left = x[chosen] + WIDTH / 2 - wide / 2;
    }
    if (y[chosen] < top + margin || y[chosen] + HEIGHT > top + high - margin) {
      top = y[chosen] + HEIGHT / 2 - high / 2;
    }
  }

  function zoom(by: number, atX: number, atY: number): void {
    const next = Math.min(3, Math.max(0.02, scale * by));
    left += atX / scale - atX / next;
    top += atY / scale - atY / next;
    scale = next;
    draw();
  }

  function size(): void {
    canvas.width = canvas.clientWidth * pixels;
    canvas.height = canvas.clientHeight * pixels;
    strip.width = strip.clientWidth;
    strip.height = strip.clientHeight;
    draw();
  }

  let held: { x: number; y: number; moved: boolean } | null = null;
  canvas.onpointerdown = (event) => {
    held = { x: event.offsetX, y: event.offsetY, moved: false };
    canvas.setPointerCapture(event.pointerId);
  };
  canvas.onpointermove = (event) => {
    if (held === null) return;
    const dx = event.offsetX - held.x;
    const dy = event.offsetY - held.y;
    if (!held.moved && Math.abs(dx) + Math.abs(dy) < 5) return;
    left -= dx / scale;
    top -= dy / scale;
    held = { x: event.offsetX, y: event.offsetY, moved: true };
    draw();
  };
  canvas.onpointerup = (event) => {
    const click = held !== null && !held.moved;
    held = null;
    if (!click) return;
    const atX = left + event.offsetX / scale;
    const atY = top + event.offsetY / scale;
    const list = layers[Math.floor(atY / DOWN)] ?? [];
    const hit = list.find((i) => atX >= x[i] && atX <= x[i] + WIDTH && atY <= y[i] + HEIGHT);
    if (hit !== undefined) choose(hit, false);
  };
  canvas.onwheel = (event) => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      zoom(Math.exp(-event.deltaY / 200), event.offsetX, event.offsetY);
      return;
    }
    left += event.deltaX / scale;
    top += event.deltaY / scale;
    draw();
  };
  canvas.onkeydown = (event) => {
    const row = layers[layer[chosen]];
    const at = row.indexOf(chosen);
    const middle = () => [canvas.clientWidth / 2, canvas.clientHeight / 2];
    const keys: Record<string, () => void> = {
      ArrowUp: () => choose(inputs[chosen][0] ?? chosen, true),
      ArrowDown: () => choose(readers[chosen][0] ?? chosen, true),
      ArrowLeft: () => choose(row[Math.max(0, at - 1)], true),
      ArrowRight: () => choose(row[Math.min(row.length - 1, at + 1)], true),
      Home: () => choose(0, true),
      End: () => choose(byId.get(view.outputs[0])!, true),
      "+": () => zoom(1.25, middle()[0], middle()[1]),
      "-": () => zoom(0.8, middle()[0], middle()[1]),
      "0": whole,
      "/": () => find.focus(),
    };
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  find.onkeydown = (event) => {
    if (event.key === "Escape") canvas.focus();
    if (event.key !== "Enter") return;
    const word = find.value.trim().toLowerCase();
    for (let step = 1; step <= nodes.length; step++) {
      const i = (chosen + step) % nodes.length;
      const node = nodes[i];
      const text = `${node.op} ${node.detail ?? ""} ${shape(node)} #${node.id}`.toLowerCase();
      if (text.indexOf(word) >= 0) {
        choose(i, true);
        return;
      }
    }
    detail.textContent = `Nothing matches "${find.value}".`;
  };
  const ranked = (title: string, key: (node: NodeView) => number) => {
    const order = nodes.map((_, i) => i).sort((a, b) => key(nodes[b]) - key(nodes[a]));
    const select = element<HTMLSelectElement>(title);
    for (const i of order.slice(0, 30)) {
      if (key(nodes[i]) <= 0) break;
      const option = document.createElement("option");
      option.value = String(i);
      const much = title === "largest" ? bytes(key(nodes[i])) : `${key(nodes[i]).toFixed(3)} ms`;
      option.textContent = `${much} ${nodes[i].op} ${shape(nodes[i])}`;
      select.append(option);
    }
    select.disabled = select.options.length < 2;
    select.onchange = () => {
      if (select.value !== "") choose(Number(select.value), true);
    };
  };
  ranked("largest", (node) => node.bytes);
  ranked("slowest", (node) => node.ms ?? 0);

  function whole(): void {
    const from = Math.min.apply(null, x);
    const to = Math.max.apply(null, x) + WIDTH;
    const high = layers.length * DOWN;
    scale = Math.min(canvas.clientWidth / (to - from + 40), canvas.clientHeight / (high + 40), 1);
    scale = Math.max(0.02, scale);
    left = (from + to) / 2 - canvas.clientWidth / scale / 2;
    top = high / 2 - canvas.clientHeight / scale / 2;
    draw();
  }

  element("all").onclick = whole;
  element("in").onclick = () => zoom(1.25, canvas.clientWidth / 2, canvas.clientHeight / 2);
  element("out").onclick = () => zoom(0.8, canvas.clientWidth / 2, canvas.clientHeight / 2);
  matchMedia("(prefers-color-scheme: dark)").onchange = draw;
  window.onresize = size;
  size();
  whole();
  // A long program is a thread at that distance: begin where one can read.
  if (scale < 0.45) scale = 0.7;
  choose(byId.get(view.outputs[0]) ?? 0, true);
}
