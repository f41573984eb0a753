// A progress line under the table: one line that is written over, on a terminal only.

interface ProgressLine {
  readonly show: (what: string, done: number) => void;
  /** Prints lines above. */
  readonly say: (text: string) => void;
  readonly end: () => void;
}

const BAR = 20;

export function progressLine(): ProgressLine {
  const { stderr } = process;
  const clear = () => {
    if (stderr.isTTY) stderr.write("\r\x1b[K");
  };
  return {
    show: (what, done) => {
      if (!stderr.isTTY) return;
      const full = Math.round(done * BAR);
      const bar = "█".repeat(full) + "░".repeat(BAR - full);
      clear();
      stderr.write(`${bar} ${what}`.slice(0, (stderr.columns ?? 80) - 1));
    },
    say: (text) => {
      clear();
      console.log(text);
    },
    end: clear,
  };
}
