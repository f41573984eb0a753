// What the kernels and steps of this library are held to, as ratios of rows of one run, and how far
// the kept runs come: a table in which no figure lacks its row.

import type { Result, Run } from "./results";
import { digits } from "./text";

type Simd = "plain" | "relaxed";

/** The kept runs, asked for rows. */
class Rows {
  constructor(private readonly runs: readonly Run[]) {}

  #of(kind: Run["kind"], runtime: string): readonly Result[] {
    const fits = (run: Run) => run.kind === kind && run.runtime.startsWith(runtime);
    return this.runs.filter(fits).flatMap((run) => run.rows);
  }

  /** A row of `npm run bench`. */
  bench(name: string, simd: Simd = "relaxed", threads = 1): Result | undefined {
    return this.#of("bench", "node 24").find(
      (r) => r.name === name && r.simd === simd && r.threads === threads,
    );
  }

  /** The least time of a side in a contest, a peer's wrong results counted. */
  peer(where: Where, contest: string, side: RegExp): number | undefined {
    const { runtime, simd } = where;
    const times = this.#of("peers", runtime)
      .filter((r) => r.group === contest && side.test(r.device))
      .filter((r) => where.webgpu === true || r.simd === simd)
      .map((r) => r.p10 ?? (/^hypergrad/.test(r.device) ? undefined : r.wrongIn))
      .filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}

interface Where {
  readonly runtime: "node 24" | "deno" | "chromium";
  readonly simd?: Simd;
  readonly webgpu?: boolean;
}

interface Target {
  readonly what: string;
  readonly least?: number;
  readonly most?: number;
  readonly unit?: string;
  /** One value a row that is asked for; undefined where there is no such row. */
  readonly values: (rows: Rows) => readonly (number | undefined)[];
}

const over = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? undefined : a / b;

/** Our best way in a contest. */
const own = ({ webgpu }: Where) => (webgpu ? /^hypergrad webgpu/ : /^hypergrad (plain|relaxed)/);

/** How many times our time a peer takes: the least of the contests counts. */
function faster(
  what: string,
  least: number,
  where: Where,
  side: RegExp,
  contests: readonly string[],
): Target {
  const values = (rows: Rows) =>
    contests.map((c) => over(rows.peer(where, c, side), rows.peer(where, c, own(where))));
  return { what: `${what}, ${placeOf(where)}`, least, unit: "×", values };
}

/** Our time as times a peer's: the most of the contests counts. */
function within(
  what: string,
  most: number,
  where: Where,
  side: RegExp,
  contests: readonly string[],
): Target {
  const values = (rows: Rows) =>
    contests.map((c) => over(rows.peer(where, c, own(where)), rows.peer(where, c, side)));
  return { what: `${what}, ${placeOf(where)}`, most, unit: "×", values };
}

const placeOf = ({ runtime, simd, webgpu }: Where) =>
  `${runtime[0].toUpperCase()}${runtime.slice(1)} ${webgpu ? "WebGPU" : simd}`;

const RELAXED: Where = { runtime: "node 24", simd: "relaxed" };
const PLAIN: Where = { runtime: "node 24", simd: "plain" };
const CHROMIUM: Where = { runtime: "chromium", simd: "relaxed" };
const GPU: Where = { runtime: "chromium", webgpu: true };

const TFJS = /^tfjs wasm/;
const JAX = /^jax-js/;
const TORCH = /^PyTorch/;

const sizes = [256, 512, 1024];
const squares = sizes.map((n) => `matmul ${n}x${n}x${n} NN`);
const convs = {
  few: ["5x28x28, 1 to 32", "64x32x32, 3 to 32"],
  many: ["75x14x14, 32 to 64", "5x14x14, 32 to 32, stride 2"],
};
const conv = (which: string, list: readonly string[]) => list.map((c) => `conv ${which} ${c}`);
const sinusoid = ["sinusoid MAML, 1 step", "sinusoid MAML, 5 steps"];
const maml = (by: string) => [
  `conv MAML, stride 2, ${by} protocol`,
  `conv MAML, max-pool, ${by} protocol`,
];
const gradients = ["input gradient", "kernel gradient"];
const batched = (name: string) => `${name}, compiled, tasks batched`;
const lengthRow = (n: number) => `lstm training step of length ${n}, compiled`;

/** One thread's time over two threads', each over its own run's peak loop. */
const twoThreads = (rows: Rows, name: string) =>
  over(rows.bench(name)?.relative, rows.bench(name, "relaxed", 2)?.relative);

export const targets: readonly Target[] = [
  faster("matmul 256 to 1024 against TensorFlow.js", 1.3, PLAIN, TFJS, squares),
  faster("matmul 256 to 1024 against TensorFlow.js", 1.5, RELAXED, TFJS, squares),
  faster("matmul 256 to 1024 against TensorFlow.js", 1.5, CHROMIUM, TFJS, squares),
  faster(
    "matmul 256 to 1024 against TensorFlow.js",
    1.4,
    { runtime: "deno", simd: "relaxed" },
    TFJS,
    squares,
  ),
  {
    what: "matmul 256 to 1024, share of the 128-bit peak, relaxed",
    least: 0.85,
    values: (rows) => squares.map((name) => rows.bench(name)?.share),
  },
  {
    what: "matmul 256 to 1024, share of the 128-bit peak, plain",
    least: 0.85,
    values: (rows) => squares.map((name) => rows.bench(name, "plain")?.share),
  },
  {
    what: "matmul 256 to 1024, layouts TN, NT, TT over NN",
    least: 0.9,
    values: (rows) =>
      squares.flatMap((name) =>
        ["TN", "NT", "TT"].map((to) =>
          over(rows.bench(name)?.p10, rows.bench(name.replace("NN", to))?.p10),
        ),
      ),
  },
  {
    what: "matmul 512 and 1024, two threads over one",
    least: 1.8,
    unit: "×",
    values: (rows) => squares.slice(1).map((name) => twoThreads(rows, name)),
  },
  faster("conv forward from 32 channels against TensorFlow.js", 1.4, RELAXED, TFJS, [
    ...conv("forward", convs.many),
  ]),
  faster("conv forward from 32 channels against TensorFlow.js", 1.15, PLAIN, TFJS, [
    ...conv("forward", convs.many),
  ]),
  faster("conv forward of 1 and 3 channels against TensorFlow.js", 1.1, RELAXED, TFJS, [
    ...conv("forward", convs.few),
  ]),
  faster("conv forward of 1 and 3 channels against TensorFlow.js", 1.1, PLAIN, TFJS, [
    ...conv("forward", convs.few),
  ]),
  ...gradients.map(
    (which): Target => ({
      what: `conv ${which}, GFLOP/s over the forward pass's`,
      least: 0.7,
      values: (rows) =>
        [...convs.few, ...convs.many].map((form) =>
          over(
            rows.bench(`conv ${which} ${form}`)?.gflops,
            rows.bench(`conv forward ${form}`)?.gflops,
          ),
        ),
    }),
  ),
  faster("LSTM forward against onnxruntime-web", 1.4, RELAXED, /^onnxruntime/, ["lstm forward"]),
  within("LSTM training step over PyTorch's", 2.2, RELAXED, TORCH, ["lstm training step"]),
  faster("LSTM training step against TensorFlow.js", 10, RELAXED, TFJS, ["lstm training step"]),
  faster("LSTM training step against jax-js", 3, RELAXED, JAX, ["lstm training step"]),
  {
    what: "LSTM training step of length 400 over 8 of length 50",
    most: 1.1,
    unit: "×",
    values: (rows) => [
      over(rows.bench(lengthRow(400))?.p10, (rows.bench(lengthRow(50))?.p10 ?? 0) * 8),
    ],
  },
  {
    what: "eager add of 64 numbers, µs",
    most: 1,
    unit: "µs",
    values: (rows) => {
      const time = rows.bench("add of 64 numbers, eager")?.p10;
      return [time === undefined ? undefined : 1e6 * time];
    },
  },
  faster("sinusoid MAML of 1 and 5 steps against jax-js jit(vmap)", 12, RELAXED, JAX, sinusoid),
  within("sinusoid MAML of 1 and 5 steps over PyTorch batched", 0.6, RELAXED, TORCH, sinusoid),
  within("conv MAML, stride 2 and max-pool, over PyTorch", 1, RELAXED, TORCH, maml("torch")),
  faster("conv MAML, stride 2 and max-pool, against jax-js jit", 100, RELAXED, JAX, maml("jax")),
  {
    what: "conv MAML, stride 2 and max-pool, two threads over one",
    least: 1.6,
    unit: "×",
    values: (rows) => maml("torch").map((name) => twoThreads(rows, batched(name))),
  },
  {
    what: "conv MAML, stride 2 and max-pool, first call: compiling and one run",
    most: 1,
    unit: "s",
    values: (rows) =>
      maml("torch").flatMap((name) =>
        [`${name}, compiled`, batched(name)].map((row) => rows.bench(row)?.first),
      ),
  },
  faster("matmul 256 to 1024 against jax-js", 1, GPU, JAX, squares),
  faster("matmul 256 to 1024 against TensorFlow.js", 2, GPU, /^tfjs webgpu/, squares),
  faster(
    "conv forward against jax-js",
    1.5,
    GPU,
    JAX,
    conv("forward", [...convs.few, ...convs.many]),
  ),
  faster("conv gradients against jax-js", 3, GPU, JAX, [
    ...gradients.flatMap((which) => conv(which, [...convs.few, ...convs.many])),
  ]),
  faster("conv MAML, stride 2, against jax-js", 3, GPU, JAX, maml("jax").slice(0, 1)),
];

export interface Verdict {
  readonly what: string;
  readonly asked: string;
  /** The value that counts, or why there is none. */
  readonly found: string;
  readonly reached: boolean | null;
}

/** How far a target is reached: the worst of its rows counts, and all of them must be there. */
export function judgeTarget(target: Target, runs: readonly Run[]): Verdict {
  const { what, least, most, unit } = target;
  const name = (x: number) => (unit === undefined ? digits(x) : `${digits(x)} ${unit}`);
  const asked = least !== undefined ? `≥ ${name(least)}` : `≤ ${name(most!)}`;
  const values = target.values(new Rows(runs));
  const there = values.filter((v) => v !== undefined && Number.isFinite(v)) as number[];
  if (there.length === 0) return { what, asked, found: "not run", reached: null };
  const worst = least !== undefined ? Math.min(...there) : Math.max(...there);
  const best = least !== undefined ? Math.max(...there) : Math.min(...there);
  const found = there.length === 1 ? name(worst) : `${name(worst)} (best ${name(best)})`;
  if (there.length < values.length) {
    const count = `${there.length} of ${values.length} rows`;
    return { what, asked, found: `${found}, ${count}`, reached: null };
  }
  const reached = least !== undefined ? worst >= least : worst <= most!;
  return { what, asked, found, reached };
}
