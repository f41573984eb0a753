// The part of `npm run bench:peers` that runs in Node or Deno beside the peers: bench/peers.ts
// bundles it with them and starts it.

import { parseArgs } from "node:util";
import { progressLine } from "../progress";
import { keepRun, machine, runtime, version } from "../store";
import { session } from "./session";
import { torchSide } from "./torch";

const { values: given } = parseArgs({
  options: {
    only: { type: "string" },
    sides: { type: "string" },
    json: { type: "string" },
    quick: { type: "boolean" },
    slow: { type: "boolean" },
    deterministic: { type: "boolean" },
    device: { type: "string" },
    clock: { type: "string" },
    torch: { type: "string" },
  },
});

let stopped = false;
const stop = () => {
  if (stopped) process.exit(130);
  stopped = true;
};
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, stop);
const line = progressLine();
line.say(`hypergrad ${version}, ${runtime()}, ${machine().cpu}`);
const { rows, reason } = await session(given, {
  more: {
    torch: async () =>
      given.torch === undefined ? null : torchSide(given.torch, 1, given.clock === "cpu"),
  },
  say: line.say,
  show: line.show,
  stopped: () => stopped,
});
line.end();
if (given.json !== undefined) {
  await keepRun(given.json, {
    kind: "peers",
    date: new Date().toISOString().slice(0, 10),
    version,
    machine: machine(),
    runtime: runtime(),
    devices: [reason],
    quick: given.quick === true,
    rows,
  });
}
// Peers leave workers behind that would keep the process alive.
process.exit(stopped ? 130 : 0);
