// A program's graph as one HTML page: nothing in it is fetched from elsewhere.

import { picture } from "./picture";
import type { GraphView } from "./view";

export interface GraphPageOptions {
  /** The page's heading. Default "Compiled step". */
  readonly title?: string;
}

const style = `
:root { color-scheme: light dark; --text: #1b1b1f; --page: #fff; --panel: #f4f4f6; --line: #d5d5dc;
  --edge: #b9b9c466; --mark: #c2185b; --label: #fff; --life: #c2185b33; --outside: #6b6b76;
  --order0: #2563a8; --order1: #a34a00; --order2: #2f7a36; --order3: #7a3fa0; }
@media (prefers-color-scheme: dark) { :root { --text: #ececf1; --page: #16161a; --panel: #202026;
  --line: #3a3a44; --edge: #8a8a9a55; --mark: #ff5fa2; --life: #ff5fa244; } }
* { box-sizing: border-box; }
body { margin: 0; height: 100vh; display: grid; grid-template: auto 1fr 76px / 1fr 300px;
  font: 14px/1.45 system-ui, sans-serif; color: var(--text); background: var(--page); }
header { grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center;
  padding: 8px 14px; border-bottom: 1px solid var(--line); }
h1 { font-size: 16px; margin: 0; } h2 { font-size: 15px; margin: 0 0 8px; }
h3 { font-size: 13px; margin: 12px 0 4px; }
canvas { display: block; width: 100%; height: 100%; } #graph { touch-action: none; cursor: grab; }
main, footer { position: relative; min-height: 0; min-width: 0; overflow: hidden; }
:focus-visible { outline: 3px solid var(--mark); outline-offset: -3px; }
aside { grid-row: 2 / 4; grid-column: 2; overflow: auto; padding: 12px 14px;
  background: var(--panel); border-left: 1px solid var(--line); }
footer { border-top: 1px solid var(--line); } footer p { position: absolute; left: 14px; top: 4px;
  margin: 0; font-size: 12px; pointer-events: none; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 12px; margin: 0; }
dt { opacity: .75; } dd { margin: 0; overflow-wrap: anywhere; }
aside button { display: block; width: 100%; text-align: left; margin: 2px 0; padding: 3px 8px; }
button, input, select { font: inherit; } select { max-width: 170px; }
.key { display: inline-block; width: 12px; height: 12px; vertical-align: -1px; margin-right: 4px; }
@media (max-width: 700px) { body { grid-template: auto 1fr 60px 40vh / 1fr; }
  aside { grid-row: 4; grid-column: 1; border: 0; } }
`;

const legend = ["forward", "order 1", "order 2", "order 3 and up"]
  .map((name, i) => `<span><i class="key" style="background: var(--order${i})"></i>${name}</span>`)
  .join("\n");

/**
 * A page that shows a program, given what `step.graph()` returns: nodes in layers, and of the one
 * that is clicked, or walked to with the arrow keys, its op, shape, bytes, order of gradient,
 * lifetime and time (compile with `profile: true`). Thousands of nodes are drawn as fast as ten.
 * Write the text to a file and open it in a browser.
 */
export function graphPage(
  view: GraphView,
  { title = "Compiled step" }: GraphPageOptions = {},
): string {
  const name = escaped(title);
  const data = JSON.stringify(view).replaceAll("<", "\\u003c");
  const mib = (view.bytes / 2 ** 20).toFixed(2);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${name}</title>
<style>${style}</style>
<header>
<h1>${name}</h1>
<span>${view.nodes.length} values, ${view.calls} kernel calls, ${mib} MiB</span>
${legend}
<span><i class="key" style="background: var(--outside)"></i>from outside</span>
<label>find <input id="find" size="14" placeholder="op, shape or #id"></label>
<select id="largest" aria-label="largest values"><option value="">largest</option></select>
<select id="slowest" aria-label="slowest values"><option value="">slowest</option></select>
<span><button id="out" aria-label="smaller">−</button>
<button id="in" aria-label="larger">+</button>
<button id="all">all</button></span>
</header>
<main><canvas id="graph" tabindex="0" role="application" aria-describedby="detail"
aria-label="Graph. Arrow keys walk: up to an input, down to a reader, left and right in a layer.
Plus and minus zoom, 0 shows all, Home the first, End a result, slash finds."></canvas></main>
<aside id="detail" aria-live="polite"></aside>
<footer><canvas id="memory" role="img" aria-label="bytes alive over the kernel calls"></canvas>
<p>bytes alive over the kernel calls; marked: the chosen value's lifetime</p></footer>
<script type="application/json" id="view">${data}</script>
<script>(${String(picture)})(JSON.parse(document.getElementById("view").textContent))</script>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
