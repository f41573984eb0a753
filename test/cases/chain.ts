// Cases of chain: single steps, the fused forms that networks and optimizers make, several
// outputs, reused registers, int32 and masks, on both sides of every tile.

import { type FunctionName, functions } from "../../src/device/functions";
import {
  blockedAdds,
  type Case,
  EDGES,
  exact,
  integers,
  type Rule,
  uniforms,
  type Values,
} from "./case";

/** A function, the registers it reads and the one it sets. */
type Step = readonly [f: FunctionName, from: readonly number[], to: number];

interface Operand {
  readonly values: Values;
  readonly inner: number;
  readonly mid: number;
  /** Elements of the result that have one part of the values; all of them when not given. */
  readonly span?: number;
}

const EXACT =
  "copy neg abs sign relu floor ceil round maximum minimum gate where toFloat unitFloat".split(" ");
const ARITHMETIC = "add sub mul div sqrt square reciprocal".split(" ");

/** Roundings of one function's result: 4 units in the last place are at most 8. */
function roundingsOf(f: FunctionName): number {
  if (EXACT.includes(f) || functions[f].types.endsWith(">i")) return 0;
  return ARITHMETIC.includes(f) ? 1 : 8;
}

/** The error of a register, in roundings: what each step adds, and what its operands' errors
 * become when the function is taken at both ends of them. */
function propagated(operands: readonly Operand[], steps: readonly Step[], register: number): Rule {
  return {
    kind: "bound",
    roundings: (i, inputs) => {
      const at = (j: number) => {
        const { inner, mid, span = Number.POSITIVE_INFINITY } = operands[j];
        const part = Math.floor(i / span);
        return part * mid + (Math.floor((part === 0 ? i : i % span) / inner) % mid);
      };
      const values: number[] = operands.map((_, j) => inputs[j][at(j)]);
      const errors: number[] = operands.map(() => 0);
      for (const [f, from, to] of steps) {
        const { js } = functions[f];
        const args = [0, 0, 0].map((_, p) => values[from[p] ?? from[0]]);
        const value = js(args[0], args[1], args[2]);
        let error = (Math.abs(value) * roundingsOf(f)) / 2 ** 24;
        for (const [p, r] of from.entries()) {
          const moved = [-1, 1].map((sign) => {
            const [x, y, z] = args.map((v, q) => (q === p ? v + sign * errors[r] : v));
            return Math.abs(js(x, y, z) - value);
          });
          error += Math.max(...moved);
        }
        values[to] = value;
        errors[to] = error;
      }
      return errors[register] * 2 ** 24;
    },
  };
}

function chain(
  name: string,
  n: number,
  operands: readonly Operand[],
  outputs: readonly ("float32" | "int32")[],
  steps: readonly Step[],
): Case {
  return {
    kernel: "chain",
    name: `${name}, ${n}`,
    params: [
      ...[n, operands.length, outputs.length, steps.length, 0, 0, 1],
      ...operands.flatMap(({ inner, mid, span = n }) => [inner, mid, span]),
      ...steps.flatMap(([f, from, to]) => [
        ...[functions[f].code, from[0], from[1] ?? from[0], from[2] ?? from[0]],
        to,
      ]),
    ],
    inputs: () => operands.map(({ values }) => values.slice()),
    outputs: outputs.map((dtype, place) => ({
      size: n,
      dtype,
      rule: dtype === "int32" ? exact : propagated(operands, steps, operands.length + place),
    })),
  };
}

const whole = (values: Values): Operand => ({ values, inner: 1, mid: values.length });
const scalar = (v: number): Operand => ({ values: Float32Array.of(v), inner: 1, mid: 1 });

const SIZES = [...EDGES, 127, 129, 255, 257, 511, 513, 1023, 1024, 1025, 2049, 10_007];

const float = ["float32"] as const;

/** tanh(x * w + b): x [rows, columns], w a row, b a column. */
function layer(rows: number, columns: number): Case {
  const n = rows * columns;
  return chain(
    `tanh(x * row + column) [${rows}, ${columns}]`,
    n,
    [
      whole(uniforms(n, 101, -2, 2)),
      { values: uniforms(columns, 102), inner: 1, mid: columns },
      { values: uniforms(rows, 103), inner: columns, mid: rows },
    ],
    float,
    [
      ["mul", [0, 1], 4],
      ["add", [4, 2], 4],
      ["tanh", [4], 3],
    ],
  );
}

/** x * a + b for each of `parts` examples with its own a, a row, and b, a column. */
function examples(parts: number, rows: number, columns: number): Case {
  const n = parts * rows * columns;
  const span = rows * columns;
  return chain(
    `x * row + column + row of each example [${parts}, ${rows}, ${columns}]`,
    n,
    [
      whole(uniforms(n, 121, -2, 2)),
      { values: uniforms(parts * columns, 122), inner: 1, mid: columns, span },
      { values: uniforms(parts * rows, 123), inner: columns, mid: rows, span },
      { values: uniforms(columns, 124), inner: 1, mid: columns },
      scalar(0.5),
    ],
    float,
    [
      ["mul", [0, 1], 6],
      ["add", [6, 2], 6],
      ["add", [6, 3], 6],
      ["mul", [6, 4], 5],
    ],
  );
}

/** x * y, and the sums over rows of it times a row, and of it plus a row of each example. */
function summed(outer: number, rows: number, columns: number): Case {
  const n = outer * rows * columns;
  const made = chain(
    `x * y, two sums [${outer}, ${rows}, ${columns}]`,
    n,
    [
      whole(uniforms(n, 131, -2, 2)),
      whole(uniforms(n, 132)),
      { values: uniforms(columns, 133), inner: 1, mid: columns },
      { values: uniforms(outer * columns, 134), inner: 1, mid: columns, span: rows * columns },
    ],
    ["float32", "float32", "float32"],
    [
      ["mul", [0, 1], 4],
      ["mul", [4, 2], 5],
      ["add", [4, 3], 6],
    ],
  );
  const [first] = made.outputs;
  const sum = {
    size: outer * columns,
    dtype: "float32",
    rule: { kind: "sum", adds: blockedAdds(rows) + 2 },
  } as const;
  const params = [...made.params.slice(0, 4), 2, rows, columns, ...made.params.slice(7)];
  return { ...made, params, outputs: [first, sum, sum] };
}

/** One step of Adam: p, m, v and g in; the new p, m, v out; the constants are scalars. */
function adam(n: number): Case {
  const inputs = [
    whole(uniforms(n, 104)),
    whole(uniforms(n, 105, -0.1, 0.1)),
    whole(uniforms(n, 106, 0, 0.1)),
    whole(uniforms(n, 107)),
    ...[0.9, 0.1, 0.999, 0.001, 0.01, 1e-8].map(scalar),
  ]; // registers 4 .. 9: b1, 1 - b1, b2, 1 - b2, rate, eps; outputs 10 .. 12
  return chain(
    "adam",
    n,
    inputs,
    ["float32", "float32", "float32"],
    [
      ["mul", [4, 1], 13],
      ["mul", [5, 3], 14],
      ["add", [13, 14], 11],
      ["square", [3], 14],
      ["mul", [7, 14], 14],
      ["mul", [6, 2], 13],
      ["add", [13, 14], 12],
      ["sqrt", [12], 13],
      ["add", [13, 9], 13],
      ["div", [11, 13], 13],
      ["mul", [8, 13], 13],
      ["sub", [0, 13], 10],
    ],
  );
}

/** x / 2 * (1 + erf(x / sqrt(2))) */
function gelu(n: number): Case {
  const inputs = [whole(uniforms(n, 108, -4, 4)), scalar(Math.SQRT1_2), scalar(1), scalar(0.5)];
  return chain("gelu", n, inputs, float, [
    ["mul", [0, 1], 5],
    ["erf", [5], 5],
    ["add", [5, 2], 5],
    ["mul", [0, 3], 6],
    ["mul", [6, 5], 4],
  ]);
}

/** A comparison, its negation, a choice, and the mask as numbers. */
function masks(n: number): Case {
  const inputs = [whole(uniforms(n, 109)), { values: uniforms(5, 110), inner: 2, mid: 5 }];
  return chain(
    "masks",
    n,
    inputs,
    ["int32", "float32", "float32"],
    [
      ["less", [0, 1], 2],
      ["logicalNot", [2], 5],
      ["where", [5, 0, 1], 3],
      ["toFloat", [5], 6],
      ["mul", [6, 0], 4],
    ],
  );
}

function ints(n: number): Case {
  const inputs = [whole(integers(n, 111, -(2 ** 31), 2 ** 31)), whole(integers(n, 112, -9, 9))];
  return chain(
    "int32",
    n,
    inputs,
    ["int32", "int32", "float32"],
    [
      ["intMul", [0, 1], 5],
      ["intAdd", [5, 1], 2],
      ["intLess", [2, 0], 3],
      ["where", [3, 2, 1], 6],
      ["toFloat", [6], 4],
    ],
  );
}

/** Many steps on two registers in turn. */
function long(n: number): Case {
  const steps: Step[] = [["copy", [0], 4]];
  for (let i = 0; i < 24; i++) steps.push(["mul", [4 + (i % 2), 1], 5], ["add", [5, 2], 4]);
  return chain("49 steps", n, [whole(uniforms(n, 113)), scalar(0.75), scalar(0.3)], float, [
    ...steps,
    ["copy", [4], 3],
  ]);
}

/** A result that is used again, and one input in both places of a function. */
function reused(n: number): Case {
  return chain(
    "outputs read again",
    n,
    [whole(uniforms(n, 114))],
    ["float32", "float32"],
    [
      ["exp", [0], 1],
      ["mul", [1, 1], 3],
      ["sub", [3, 0], 2],
    ],
  );
}

/** As many operands as the fewest bindings of a GPU allow: seven in, one out. */
function wide(n: number): Case {
  const inputs = Array.from({ length: 7 }, (_, j) => whole(uniforms(n, 115 + j)));
  return chain("sum of seven", n, inputs, float, [
    ["add", [0, 1], 8],
    ["add", [8, 2], 8],
    ["add", [8, 3], 8],
    ["add", [8, 4], 8],
    ["add", [8, 5], 8],
    ["add", [8, 6], 7],
  ]);
}

/** Constants alone, written to every element. */
function constants(n: number): Case {
  return chain("of scalars", n, [scalar(2), scalar(3)], float, [["pow", [0, 1], 2]]);
}

export const chainCases: Case[] = [
  ...[
    [2, 1, 1],
    [2, 3, 5],
    [3, 7, 4],
    [25, 10, 40],
    [4, 257, 32],
    [5, 3, 513],
    [3, 300, 7],
    [2, 2, 2048],
  ].map(([parts, rows, columns]) => examples(parts, rows, columns)),
  ...[
    [1, 2, 1],
    [1, 5000, 1],
    [3, 7, 1],
    [2, 1025, 2],
    [5, 3, 3],
    [2, 300, 7],
    [4, 257, 32],
    [1, 2000, 40],
    [25, 10, 40],
    [3, 5, 511],
    [2, 3, 512],
  ].map(([outer, rows, columns]) => summed(outer, rows, columns)),
  ...SIZES.flatMap((n) => [reused(n), ints(n), masks(n)]),
  ...[0, 1, 7, 64, 1000, 1025, 3001].flatMap((n) => [adam(n), gelu(n), long(n), wide(n)]),
  ...[0, 1, 9, 1030].map(constants),
  ...[
    [1, 1],
    [1, 7],
    [7, 1],
    [3, 5],
    [16, 64],
    [33, 31],
    [2, 1024],
    [3, 1025],
    [700, 3],
  ].map(([rows, columns]) => layer(rows, columns)),
];
