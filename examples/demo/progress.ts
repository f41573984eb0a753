// Live progress on stderr: a bar where there is a terminal, else a line every few seconds.

import { Presets, SingleBar } from "cli-progress";

const LINE_EVERY = 5000; // ms

export interface Progress {
  /** Done so far, with what to show beside the bar. */
  update(done: number, note: string): void;
  /** Ends the bar; what is printed next starts on a line of its own. */
  stop(): void;
}

/** Progress of `total` steps under a title, `from` of them done already. */
export function progress(
  title: string,
  total: number,
  from = 0,
  stream: NodeJS.WriteStream = process.stderr,
): Progress {
  const start = performance.now();
  const left = (done: number) => {
    const perStep = (performance.now() - start) / Math.max(1, done - from);
    return clock(((total - done) * perStep) / 1000);
  };
  if (!stream.isTTY) {
    let last = start;
    return {
      update(done, note) {
        const now = performance.now();
        if (now - last < LINE_EVERY && done < total) return;
        last = now;
        stream.write(`${title}  ${done}/${total}  ${note}  ${left(done)} left\n`);
      },
      stop() {},
    };
  }
  const format = `${title.padEnd(14)} {bar} {percentage}%  {value}/{total}  {note}  {left} left`;
  const bar = new SingleBar(
    { format, stream, barsize: 24, hideCursor: true, fps: 8, gracefulExit: false },
    Presets.shades_classic,
  );
  bar.start(total, from, { note: "", left: "--:--" });
  return {
    update: (done, note) => bar.update(done, { note, left: left(done) }),
    stop: () => bar.stop(),
  };
}

/** `2:05`, or `1:00:09` from an hour on. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] > 0 ? parts : parts.slice(1);
  return shown.map((n, i) => (i === 0 ? String(n) : String(n).padStart(2, "0"))).join(":");
}
