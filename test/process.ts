// Processes that tests start and stop: one that ends tells the last of what it said.

import { spawn } from "node:child_process";

/** A running process or page. */
export interface Started {
  /** Resolves with the last of its output once it has ended. */
  readonly ended: Promise<string>;
  stop(): void | Promise<void>;
}

/** Characters of its output that are kept. */
const KEPT = 4000;

export function startProcess(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Started {
  const child = spawn(command, args, { env: { ...process.env, ...env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output = (output + chunk).slice(-KEPT);
    });
  }
  const ended = new Promise<string>((done) => {
    child.on("error", (error) => done(error.message));
    child.on("close", (code, signal) => done(`exit code ${code ?? signal}: ${output}`));
  });
  return { ended, stop: () => void child.kill("SIGKILL") };
}
