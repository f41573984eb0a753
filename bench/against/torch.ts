// PyTorch on the CPU as a side: a child process that takes its samples in turn with the others.
// Numbers go to it and come back in files.

import type { ChildProcess } from "node:child_process";
import type { HostArray } from "../row";
import type { Contest } from "./contest";
import { channelsFirst, channelsLast, type Entry, type Side } from "./side";

interface Answer {
  readonly error?: string;
  readonly labels?: readonly string[];
  readonly seconds?: number;
  readonly results?: readonly { readonly path: string; readonly shape: readonly number[] }[];
  readonly version?: string;
}

/** One process; a line of JSON is a question, a line of JSON its answer. */
class Child {
  readonly #process: ChildProcess;
  #rest = "";
  #waiting: ((answer: Answer) => void) | null = null;
  #dead = "";

  constructor(process: ChildProcess) {
    this.#process = process;
    process.stdout!.setEncoding("utf8");
    process.stdout!.on("data", (chunk: string) => {
      this.#rest += chunk;
      const end = this.#rest.indexOf("\n");
      if (end < 0) return;
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 1);
      this.#answer(JSON.parse(line) as Answer);
    });
    process.on("exit", (code) => {
      this.#dead = `the Python process ended with code ${code}`;
      this.#answer({ error: this.#dead });
    });
    process.on("error", (error) => {
      this.#dead = error.message;
      this.#answer({ error: this.#dead });
    });
  }

  #answer(answer: Answer): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(answer);
  }

  ask(question: object): Promise<Answer> {
    if (this.#dead !== "") return Promise.resolve({ error: this.#dead });
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#process.stdin!.write(`${JSON.stringify(question)}\n`);
    });
  }

  close(): void {
    this.#process.stdin!.end();
  }
}

/**
 * PyTorch with `threads` threads, or null where Python has none of it.
 * @param script the path of pytorch.py
 * @param cpu whether seconds are the CPU's
 */
export async function torchSide(
  script: string,
  threads: number,
  cpu = false,
): Promise<Side | null> {
  const { spawn } = await import("node:child_process");
  const { mkdtemp, readFile, rm, writeFile } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const { join } = await import("node:path");
  // PyTorch's own setting does not reach the BLAS under it.
  const blas = ["OMP", "OPENBLAS", "MKL"].map((name) => [`${name}_NUM_THREADS`, String(threads)]);
  const env = { ...process.env, ...Object.fromEntries(blas) };
  const python = ["/usr/bin/python3", script, String(threads), cpu ? "cpu" : "wall"];
  const child = new Child(
    spawn(python[0], python.slice(1), { stdio: ["pipe", "pipe", "ignore"], env }),
  );
  const hello = await child.ask({ do: "hello" });
  if (hello.error !== undefined) return null;
  const folder = await mkdtemp(join(tmpdir(), "bench-torch-"));

  async function write(contest: Contest, data: readonly HostArray[]) {
    const list = [];
    for (const [i, input] of contest.inputs.entries()) {
      const { data: numbers, shape } = channelsFirst(input, data[i]);
      const path = join(folder, `input-${i}`);
      await writeFile(path, new Uint8Array(numbers.buffer));
      list.push({ path, shape, integer: numbers instanceof Int32Array });
    }
    return list;
  }

  return {
    name: `PyTorch ${hello.version}${threads > 1 ? ` ${threads} threads` : ""}`,
    enter: async (contest, data) => {
      const inputs = await write(contest, data);
      const entered = await child.ask({ do: "enter", task: contest.task, inputs });
      if (entered.error !== undefined) throw new Error(entered.error);
      return entered.labels!.map((label, way): Entry => {
        const sample = async (count: number) => {
          const { seconds, error } = await child.ask({ do: "sample", way, count });
          if (error !== undefined) throw new Error(error);
          return seconds!;
        };
        const result = async () => {
          const { results, error } = await child.ask({ do: "result", way, folder });
          if (error !== undefined) throw new Error(error);
          const values = [];
          for (const [k, { path, shape }] of results!.entries()) {
            const bytes = await readFile(path);
            const floats = new Float32Array(new Uint8Array(bytes).buffer);
            values.push(channelsLast(floats, shape, contest.results?.[k]));
          }
          return values;
        };
        return { label, sample, result, end: () => {} };
      });
    },
    close: async () => {
      child.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
