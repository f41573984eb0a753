// The clock by which all rows are timed: wall time, or the CPU time of this thread on a machine
// that others use too. Rows of one run have one clock.

export type Clock = "wall" | "cpu";

interface Process {
  threadCpuUsage?: () => { user: number; system: number };
}

/** CPU seconds of this thread, or null where the runtime does not tell. */
function threadTime(): (() => number) | null {
  const host = (globalThis as { process?: Process }).process;
  if (host?.threadCpuUsage === undefined) return null;
  return () => {
    const { user, system } = host.threadCpuUsage!();
    return (user + system) / 1e6;
  };
}

let clock: Clock = "wall";
let read = () => performance.now() / 1000;

/** Seconds from some moment on. */
export const now = () => read();
export const clockInUse = () => clock;

/** Throws an Error where the runtime cannot tell a thread's CPU time. */
export function useClock(wanted: Clock): void {
  if (wanted === "wall") return;
  const time = threadTime();
  if (time === null) throw new Error("--clock cpu: needs Node 24 or Deno (process.threadCpuUsage)");
  clock = wanted;
  read = time;
}
