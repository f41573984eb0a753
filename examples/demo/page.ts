// The demo in a page: the same tasks, learner and table as in Node, told line by line on the page
// and its console. Imported by demo:page; no part of it touches files.

import { init } from "hypergrad";
import type { Settings } from "./options";
import { phasesOf, run, type Show } from "./run";
import { loadTasks } from "./tasks";
import { resultText, settingText } from "./text";

const LINE_EVERY = 5000; // ms

function say(text: string): void {
  console.log(text);
  document.querySelector("pre")!.append(`${text}\n`);
}

const show: Show = (title, total) => {
  let last = performance.now();
  return {
    update(done, note) {
      const now = performance.now();
      if (now - last < LINE_EVERY && done < total) return;
      last = now;
      say(`${title}  ${done}/${total}  ${note}`);
    },
    stop() {},
  };
};

/** Runs to the end; what is needed besides the settings, characters and sines have in them. */
export default async function runInPage(settings: Settings, version: string): Promise<void> {
  const { info } = await init({ device: settings.device });
  say(`${version}\ndevice ${info.reason}`);
  const tasks = await loadTasks(settings);
  say(`task   ${tasks.about}\nset    ${settingText(settings)}`);
  const state = { settings, device: info.reason, version, phases: phasesOf(settings) };
  const result = await run(state, tasks, () => false, show);
  say(resultText(settings, result, tasks));
  result.best.dispose();
  result.scratch.dispose();
}
