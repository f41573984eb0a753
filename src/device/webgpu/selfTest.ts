// The self-test: every kernel of the table, in every way that this device may choose for it, on
// small cases against the reference. It names the first that is wrong on this adapter.

import { Stream } from "../../core/random";
import type { Device } from "../device";
import { functionList } from "../functions";
import type { KernelName } from "../kernels";
import { referenceDevice } from "../reference/device";
import type { WebGPUDevice } from "./device";
import { BY_TAPS, VARIANTS } from "./gemm";
import type { Choosing } from "./plan";

/** An operand: its size, and where its values lie; whole numbers for indices and words. */
interface Operand {
  readonly size: number;
  readonly low: number;
  readonly high: number;
  readonly whole?: boolean;
}

export interface SelfCase {
  readonly kernel: KernelName;
  readonly inputs: readonly Operand[];
  readonly outputs: readonly Operand[];
  readonly params: readonly number[];
  readonly choosing?: Partial<Choosing>;
}

const float = (size: number, low = -1, high = 1): Operand => ({ size, low, high });
const whole = (size: number, low = 0, high = 2): Operand => ({ size, low, high, whole: true });

const maps: SelfCase[] = functionList.map(({ name, code, arity, types }) => {
  const n = 300;
  // Away from poles and from where a function is not defined.
  const positive = ["log", "sqrt", "rsqrt", "reciprocal", "pow", "div"].includes(name);
  const kinds = [...types.split(">")[0]];
  return {
    kernel: (["map1", "map2", "map3"] as const)[arity - 1],
    inputs: kinds.map((k) => (k === "i" ? whole(n, -2, 3) : float(n, positive ? 0.1 : -0.9, 0.9))),
    outputs: [types.endsWith("i") ? whole(n) : float(n)],
    params: [code, n, ...kinds.flatMap(() => [1, n])],
  };
});

const LINES = [
  [3, 700, 1],
  [40, 9, 1],
  [2, 40, 50],
  [1, 5, 300],
  [1, 70_000, 1],
  [1, 3000, 64],
];

const reductions: SelfCase[] = LINES.flatMap((shape) => {
  const [outer, n, inner] = shape;
  const lines = outer * inner;
  const floats = ["sum", "max", "min", "logSumExp"] as const;
  const picks = ["argmax", "argmin"] as const;
  const ints = ["intSum", "intProd", "intMax", "intMin"] as const;
  const make = (kernel: KernelName, input: Operand, output: Operand): SelfCase => ({
    kernel,
    inputs: [input],
    outputs: [output],
    params: shape,
  });
  return [
    ...floats.map((kernel) => make(kernel, float(lines * n), float(lines))),
    ...picks.map((kernel) => make(kernel, float(lines * n), whole(lines))),
    ...ints.map((kernel) => make(kernel, whole(lines * n, -9, 9), whole(lines))),
    make("prod", float(lines * n, 0.5, 1.5), float(lines)),
    { ...make("cumsum", float(lines * n), float(lines * n)), params: [...shape, outer % 2] },
    {
      kernel: "normalize",
      inputs: [float(lines * n)],
      outputs: [float(lines * n), float(lines)],
      params: [...shape, 1e-5],
    },
    {
      kernel: "normalizeInput",
      inputs: [float(lines * n), float(lines * n), float(lines, 0.5, 2)],
      outputs: [float(lines * n)],
      params: shape,
    },
  ];
});

/** [rows, columns] transposed. */
const transpose = (rows: number, columns: number): SelfCase => ({
  kernel: "move",
  inputs: [float(rows * columns)],
  outputs: [float(rows * columns)],
  params: [1, 1, 1, 1, columns, rows, 0, 0, 0, 0, 0, 1, columns, 0, 0, 0, 0, 0, rows, 1],
});

/** k indices into an axis of n. */
const indexed = ([outer, n, k, inner]: readonly number[]): SelfCase[] => {
  const wide = outer * n * inner;
  const narrow = outer * k * inner;
  const idx = whole(k, 0, n);
  const idxAlong = whole(narrow, 0, n);
  const params = [outer, n, k, inner];
  const make = (kernel: KernelName, from: number, index: Operand, to: number): SelfCase => ({
    kernel,
    inputs: [float(from), index],
    outputs: [float(to)],
    params,
  });
  return [
    make("gather", wide, idx, narrow),
    make("gatherAlong", wide, idxAlong, narrow),
    make("scatterAdd", narrow, idx, wide),
    make("scatterAlong", narrow, idxAlong, wide),
  ];
};

const sorts: SelfCase[] = [10, 200, 1000, 5000].flatMap((n) => [
  { kernel: "argsort", inputs: [float(2 * n)], outputs: [whole(2 * n)], params: [2, n, 0] },
  { kernel: "intArgsort", inputs: [whole(n, 0, 50)], outputs: [whole(n)], params: [1, n, 1] },
]);

const movement: SelfCase[] = [
  transpose(40, 50),
  transpose(3, 90),
  ...indexed([2, 6, 20, 3]),
  ...indexed([2, 6, 300, 3]),
  ...sorts,
];

/** [m, k, n] in all layouts, the batch of two sharing b. */
const matmuls = ([m, k, n]: readonly number[]): SelfCase[] =>
  [0, 1, 2, 3].map((layout) => ({
    kernel: "matmul",
    inputs: [float(2 * m * k), float(k * n)],
    outputs: [float(2 * m * n)],
    params: [2, m, k, n, layout >> 1, layout & 1, m * k, 0],
  }));

/** Stride, groups, windows of `k` by `k`, and channels in fours or not; the three kernels of one
 * form. */
const convs = (c: number, oc: number, stride: number, groups: number, k = 3): SelfCase[] => {
  const [h, w] = [9, 8];
  const [oh, ow] = [h, w].map((size) => Math.floor((size + 2 - k) / stride) + 1);
  const size = { x: 2 * h * w * c, w: k * k * (c / groups) * oc, g: 2 * oh * ow * oc };
  const form = [1, 2, h, w, c, k, k, oc, oh, ow, stride, stride, 1, 1, 1, 1, groups];
  const make = (kernel: KernelName, a: number, b: number, out: number): SelfCase => ({
    kernel,
    inputs: [float(a), float(b)],
    outputs: [float(out)],
    params: [...form, a, b],
  });
  return [
    make("conv2d", size.x, size.w, size.g),
    make("conv2dInput", size.g, size.w, size.x),
    make("conv2dKernel", size.x, size.g, size.w),
  ];
};

const productCases = [
  ...matmuls([37, 70, 41]),
  ...matmuls([36, 72, 40]),
  ...matmuls([20, 2000, 24]),
  ...matmuls([5, 90, 70]),
  ...matmuls([70, 90, 5]),
  ...matmuls([2, 900, 3]),
  ...convs(4, 8, 1, 1),
  ...convs(3, 5, 2, 1),
  ...convs(6, 6, 1, 6),
];
/** Every program of the kernels by taps: rows that slide along or do not, windows of two by two. */
const tapCases = [4, 1].flatMap((c) => [
  ...convs(c, 8, 1, 1, 5),
  ...convs(c, 8, 2, 1, 5),
  ...convs(c, 8, 1, 1, 2),
]);
const products: SelfCase[] = [
  ...[null, ...VARIANTS].flatMap((variant) =>
    productCases.map((c) => ({ ...c, choosing: { variant } })),
  ),
  ...BY_TAPS.flatMap((variant) => tapCases.map((c) => ({ ...c, choosing: { variant } }))),
];

const pool = [2, 7, 6, 5, 3, 2, 4, 3, 2, 2, 1, 0];
const [X, G] = [2 * 7 * 6 * 5, 2 * 4 * 3 * 5];
const pooling: SelfCase[] = [
  { kernel: "maxPoolIndex", inputs: [float(X)], outputs: [whole(G)], params: pool },
  { kernel: "poolGather", inputs: [float(X), whole(G, 0, 42)], outputs: [float(G)], params: pool },
  { kernel: "sumPool", inputs: [float(X)], outputs: [float(G)], params: pool },
  { kernel: "sumPoolInput", inputs: [float(G)], outputs: [float(X)], params: pool },
];
/** Its indices must lie in their windows: the middle pixel is in all four. */
const poolScatter: SelfCase = {
  kernel: "poolScatter",
  inputs: [float(4), whole(4, 4, 5)],
  outputs: [float(9)],
  params: [1, 3, 3, 1, 2, 2, 2, 2, 1, 1, 0, 0],
};

const rows: SelfCase[] = [9, 100, 2000].flatMap((n) =>
  (["softmax", "logSoftmax"] as const).map((kernel) => ({
    kernel,
    inputs: [float(5 * n, -4, 4)],
    outputs: [float(5 * n)],
    params: [5, n],
  })),
);

const random: SelfCase[] = [
  { kernel: "randomBits", inputs: [whole(4, 0, 2 ** 31)], outputs: [whole(14)], params: [2, 7] },
  { kernel: "splitKey", inputs: [whole(4, 0, 2 ** 31)], outputs: [whole(20)], params: [2, 5] },
];

const [T, B, H] = [3, 4, 20];
const lstm: SelfCase[] = [false, true].flatMap((stepwise) => {
  const state = float(B * H);
  const steps = T * B * H;
  const mask = whole(T * B, 0, 2);
  const wh = float(4 * H * H, -0.3, 0.3);
  const forward = [float(4 * steps), wh, float(4 * H), state, state, mask];
  const backward = [float(5 * steps, 0.1, 0.9), state, wh, mask, float(steps), float(5 * steps)];
  const choosing = { stepwise };
  return [
    {
      ...{ kernel: "lstmForward" as const, inputs: forward, choosing },
      outputs: [float(steps), float(5 * steps)],
      params: [1, T, B, H, 1, 0],
    },
    {
      ...{ kernel: "lstmBackward" as const, inputs: backward, choosing },
      outputs: [float(4 * steps), state, state],
      params: [1, T, B, H, 1, 1, 0],
    },
  ];
});

const [TQ, TK, D, DV] = [40, 50, 7, 9];
const attention: SelfCase[] = [0, 1].flatMap((causal) => {
  const [q, k, v] = [2 * TQ * D, 2 * TK * D, 2 * TK * DV];
  const seen = whole(TQ * TK, 0, 2);
  const params = [2, TQ, TK, D, DV, causal, 1, 0, TK, 0.4];
  const own = [float(q), float(k), float(v), seen];
  return [
    {
      ...{ kernel: "attentionForward" as const, inputs: own, params },
      outputs: [float(2 * TQ * DV), float(2 * TQ)],
    },
    {
      ...{ kernel: "attentionBackward" as const, params },
      inputs: [...own, float(2 * TQ * DV), float(2 * TQ, 1, 2), float(2 * TQ * DV)],
      outputs: [float(q), float(k), float(v)],
    },
  ];
});

const others: SelfCase[] = [
  { kernel: "fill", inputs: [], outputs: [float(300)], params: [300, 0.25] },
  { kernel: "fillInt", inputs: [], outputs: [whole(300)], params: [300, -7] },
  {
    // r2 = x y, r3 = r2 + x: both are outputs
    kernel: "chain",
    inputs: [float(300), float(300)],
    outputs: [float(300), float(300)],
    params: [
      ...[300, 2, 2, 2, 0, 0, 1],
      ...[1, 300, 300, 1, 300, 300],
      ...[...step("mul", 0, 1, 2), ...step("add", 2, 0, 3)],
    ],
  },
];

function step(name: string, x: number, y: number, to: number): number[] {
  return [functionList.findIndex((f) => f.name === name), x, y, x, to];
}

/** Every kernel of the table at least once. */
export const selfCases: readonly SelfCase[] = [
  ...[...others, ...maps, ...reductions, ...movement, ...products],
  ...[...pooling, poolScatter, ...rows, ...random, ...lstm, ...attention],
];

function values({ size, low, high, whole }: Operand, seed: number): Float32Array | Int32Array {
  const random = new Stream(seed, size);
  if (whole) return Int32Array.from({ length: size }, () => low + random.integer(high - low));
  return Float32Array.from({ length: size }, () => low + (high - low) * random.uniform());
}

/** Largest error relative to the largest element: what drivers' own functions may be off by, and
 * far below what a wrong index or a missing barrier makes. */
const RELATIVE = 2e-4;

/** The first wrong element of a result, in words, or null. */
function difference(got: ArrayLike<number>, truth: ArrayLike<number>, exact: boolean) {
  let most = 0;
  for (let i = 0; i < truth.length; i++) most = Math.max(most, Math.abs(truth[i]));
  const allowed = exact ? 0 : RELATIVE * Math.max(most, 1e-3);
  for (let i = 0; i < truth.length; i++) {
    if (!(Math.abs(got[i] - truth[i]) <= allowed)) {
      return `element ${i} is ${got[i]}, should be ${truth[i]}`;
    }
  }
  return null;
}

type Results = readonly ArrayLike<number>[];

/** The results of a case on a device; called at once, read later. */
function call(device: Device, { kernel, inputs, outputs, params }: SelfCase): Promise<Results> {
  const place = (operand: Operand) =>
    device.allocate(operand.size, operand.whole ? "int32" : "float32");
  const from = inputs.map(place);
  const to = outputs.map(place);
  for (const [i, storage] of from.entries()) device.write(storage, values(inputs[i], i + 1));
  device.run(kernel, from, to, params);
  const results = Promise.all(to.map((storage) => device.read(storage)));
  for (const storage of [...from, ...to]) device.release(storage);
  return results;
}

/** The first kernel that is wrong on this device's adapter, in words; null when all are right. */
export async function selfTest(
  device: WebGPUDevice,
  cases: readonly SelfCase[] = selfCases,
): Promise<string | null> {
  const reference = referenceDevice();
  const chosen = { ...device.choosing };
  const calls: Promise<Results>[] = [];
  try {
    for (const c of cases) {
      Object.assign(device.choosing, chosen, c.choosing);
      calls.push(call(device, c));
    }
  } finally {
    Object.assign(device.choosing, chosen);
  }
  const results = await Promise.all(calls);
  for (const [at, c] of cases.entries()) {
    const truth = await call(reference, c);
    for (const [i, { whole = false }] of c.outputs.entries()) {
      const wrong = difference(results[at][i], truth[i], whole);
      if (wrong === null) continue;
      const way = c.choosing?.variant ? ` (${c.choosing.variant})` : "";
      const name = `${c.kernel}${way} with [${c.params}]`;
      return `${name} is wrong on this adapter: output ${i}: ${wrong}`;
    }
  }
  return null;
}
