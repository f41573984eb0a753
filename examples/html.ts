// What the reports share: text made safe for HTML, and the look of tables, rows and legends.

export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

export const style = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } th, td { padding: .3rem .9rem; border-bottom: 1px solid #ddd; }
td { text-align: right; font-variant-numeric: tabular-nums; } th:first-child { text-align: left; }
figure { margin: 0; } .row { display: flex; flex-wrap: wrap; gap: 1.5rem; }
.legend span { margin-right: 1rem; } .legend i { display: inline-block; width: 1em; height: 3px;
margin-right: .3em; vertical-align: middle; }
dl { display: grid; grid-template-columns: 10rem 1fr; }
dd { margin: 0; overflow-wrap: anywhere; }`;
