// What a run leaves behind: rows with their figures, and the machine and runtime that they are of.

/** One row on one device. Times are seconds of one op. */
export interface Result {
  readonly group: string;
  readonly name: string;
  readonly device: string;
  /** Our binary; a peer's row has that of the run it was taken in. */
  readonly simd?: string;
  readonly threads: number;
  /** What seconds are of; wall time where it is not said. */
  readonly clock?: "cpu";
  /** Why there is no time: the result was wrong, or the message that was thrown. */
  readonly problem?: string;
  /** p10 of a wrong result's calls: never shown as a time of the thing asked for. */
  readonly wrongIn?: number;
  /** Largest error against the reference device, as a share of the largest element. */
  readonly error?: number;
  readonly p10?: number;
  readonly median?: number;
  readonly p90?: number;
  readonly noise?: number;
  readonly samples?: number;
  /** Seconds of the first call of all. */
  readonly first?: number;
  readonly gflops?: number;
  readonly gbs?: number;
  /** Flops a byte that must be read or written. */
  readonly intensity?: number;
  /** The time that the roofs would take over the time taken: p10s of one and the same run. */
  readonly share?: number;
  /** Most bytes alive at once during a call, beside its inputs. */
  readonly bytes?: number;
  /** p10 of one call over p10 of the peak loop in turn with it: what runs are compared by. */
  readonly relative?: number;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
}

export interface Run {
  readonly kind: "bench" | "peers" | "meta";
  readonly date: string;
  readonly version: string;
  readonly machine: Machine;
  /** Such as "node 24.1.0 (V8 13.6)". */
  readonly runtime: string;
  /** Each device's own sentence. */
  readonly devices: readonly string[];
  readonly quick: boolean;
  readonly rows: readonly Result[];
}

/** What a row is matched by between two runs. */
export function identity(r: Result): string {
  return [r.device, r.simd ?? "", r.threads, r.name].join(" | ");
}
