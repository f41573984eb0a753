// Jobs in threads, each with a device of its own: a job is a function of the settings and its seed,
// so which thread runs it, and when, changes no bit.

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { init } from "hypergrad";
import type { Outcome, Tell } from "./experiment";
import { planOf } from "./load";
import type { Command } from "./options";

type Said =
  | { readonly kind: "told"; readonly of: Parameters<Tell> }
  | { readonly kind: "ended"; readonly outcome: Outcome }
  | { readonly kind: "threw"; readonly error: Error };

export interface Hand {
  /** Runs the job at a place in the command's plan. Rejects with what it throws, and when the
   * thread dies. */
  run(place: number, tell: Tell): Promise<Outcome>;
  end(): void;
}

/** A thread that makes the command's plan and then runs one job of it at a time. */
export function handFor(command: Command): Hand {
  const worker = new Worker(new URL(import.meta.url), { workerData: command });
  let hear: (said: Said) => void;
  let died: (error: Error) => void = () => {};
  worker.on("message", (said) => hear(said));
  worker.on("error", (error) => died(error));
  worker.on("exit", (code) => died(new Error(`a thread of --workers ended with code ${code}`)));
  return {
    run: (place, tell) =>
      new Promise((resolve, reject) => {
        died = reject;
        hear = (said) => {
          if (said.kind === "told") void tell(...said.of);
          else if (said.kind === "ended") resolve(said.outcome);
          else reject(said.error);
        };
        worker.postMessage(place);
      }),
    end: () => void worker.terminate(),
  };
}

async function serve(command: Command): Promise<void> {
  const port = parentPort!;
  const post = (said: Said) => port.postMessage(said);
  const ready = (async () => {
    await init({ device: command.settings.device });
    return (await planOf(command)).plan;
  })();
  port.on("message", async (place: number) => {
    try {
      const { jobs } = await ready;
      const outcome = await jobs[place].run(async (...of) => post({ kind: "told", of }));
      post({ kind: "ended", outcome });
    } catch (error) {
      post({ kind: "threw", error: error as Error });
    }
  });
}

if (!isMainThread) await serve(workerData);
