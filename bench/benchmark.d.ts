// The part of the `benchmark` package that the bench uses; it ships no types.

declare module "benchmark" {
  interface Settings {
    readonly fn: () => void;
    /** Seconds. */
    readonly maxTime: number;
    readonly minSamples: number;
  }
  export default class Benchmark {
    constructor(settings: Settings);
    run(options: { readonly async: boolean }): this;
    /** Seconds a call. */
    readonly stats: { readonly sample: readonly number[] };
  }
}
