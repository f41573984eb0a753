// Time of a program's calls on the GPU, by timestamp queries: a pass a call. What the queries say
// comes back after the run, in the order of the runs.

import type { Clock } from "../program";
import { BufferUsage, MAP_MODE_READ } from "./constants";
import type { CommandQueue } from "./queue";
import type { StagingRing } from "./staging";

/** WebGPU's most queries in a set. */
const QUERIES = 4096;
/** Nanoseconds in a millisecond: what timestamps count. */
const NANOSECONDS = 1e6;

interface Set {
  readonly times: GPUQuerySet;
  readonly through: GPUBuffer;
  readonly count: number;
}

export class Timer {
  readonly #queue: CommandQueue;
  readonly #staging: StagingRing;
  readonly #calls: number;
  readonly #sets: Set[] = [];

  /** For programs of `calls` calls, on a device with the feature `timestamp-query`. */
  constructor(device: GPUDevice, queue: CommandQueue, staging: StagingRing, calls: number) {
    this.#queue = queue;
    this.#staging = staging;
    this.#calls = calls;
    for (let left = 2 * calls; left > 0; left -= QUERIES) {
      const count = Math.min(left, QUERIES);
      const usage = BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC;
      this.#sets.push({
        times: device.createQuerySet({ label: "times", type: "timestamp", count }),
        through: device.createBuffer({ label: "times", size: 8 * count, usage }),
        count,
      });
    }
  }

  /** Encodes each call in a pass of its own; `clock` is told the times once they are there. */
  run(encode: (call: number) => void, clock: Clock): void {
    for (let call = 0; call < this.#calls; call++) {
      const at = (2 * call) % QUERIES;
      this.#queue.timedPass({
        querySet: this.#sets[Math.floor((2 * call) / QUERIES)].times,
        beginningOfPassWriteIndex: at,
        endOfPassWriteIndex: at + 1,
      });
      encode(call);
    }
    const bytes = 16 * this.#calls;
    const staging = this.#staging.take(bytes);
    let at = 0;
    for (const { times, through, count } of this.#sets) {
      this.#queue.copyTimes(times, count, through, staging.buffer, at);
      at += 8 * count;
    }
    const read = async () => {
      await this.#queue.flushSoon();
      await staging.buffer.mapAsync(MAP_MODE_READ, 0, bytes);
      const times = new BigUint64Array(staging.buffer.getMappedRange(0, bytes).slice(0));
      this.#staging.give(staging);
      for (let call = 0; call < this.#calls; call++) {
        // A clock that was reset in between shows as a negative time.
        const spent = Number(times[2 * call + 1] - times[2 * call]) / NANOSECONDS;
        clock(call, Math.max(spent, 0));
      }
    };
    read().catch(() => {}); // the device is lost, which all later calls tell
  }

  dispose(): void {
    for (const { times, through } of this.#sets) {
      this.#queue.retire(times);
      this.#queue.retire(through);
    }
  }
}
