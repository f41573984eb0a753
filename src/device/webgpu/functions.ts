// The WGSL scalar forms of the elementwise functions. The `js` form of `device/functions.ts` is the
// definition; a function missing here does not compile. They call on `kernels/math.wgsl`.

import { type FunctionName, functionList } from "../functions";

/** The body of each function of x, y and z: an expression, of f32, i32 (bool too) or, for the
 * types x, u32 words. */
const bodies: Record<FunctionName, string> = {
  copy: "x",
  neg: "-x",
  abs: "abs(x)",
  sign: "select(sign(x), x, isNan(x))",
  square: "x * x",
  sqrt: "sqrtOf(x)",
  rsqrt: "rsqrtOf(x)",
  reciprocal: "divide(1.0, x)",
  exp: "expOf(x)",
  expm1: "expm1Of(x)",
  log: "logOf(x)",
  log1p: "log1pOf(x)",
  sin: "sinShifted(x, 0u)",
  cos: "sinShifted(x, 1u)",
  tanh: "tanhOf(x)",
  erf: "erfOf(x)",
  erfInv: "erfInvOf(x)",
  sigmoid: "sigmoidOf(x)",
  softplus: "softplusOf(x)",
  relu: "select(0.0, x, isPositive(x) || isNan(x))",
  floor: "floor(x)",
  ceil: "ceil(x)",
  round: "round(x)", // half to even
  isNaN: "select(0, 1, isNan(x))",
  add: "x + y",
  sub: "x - y",
  mul: "x * y",
  div: "divide(x, y)",
  pow: "powOf(x, y)",
  maximum: "maximumOf(x, y)",
  minimum: "minimumOf(x, y)",
  gate: "select(0.0, x, isPositive(y))",
  equal: "select(0, 1, x == y && !isNan(x) && !isNan(y))",
  less: "select(0, 1, x < y && !isNan(x) && !isNan(y))",
  lessEqual: "select(0, 1, x <= y && !isNan(x) && !isNan(y))",
  intNeg: "-x",
  intAbs: "abs(x)",
  intSign: "sign(x)",
  intAdd: "x + y",
  intSub: "x - y",
  intMul: "x * y",
  intMaximum: "max(x, y)",
  intMinimum: "min(x, y)",
  intEqual: "select(0, 1, x == y)",
  intLess: "select(0, 1, x < y)",
  intLessEqual: "select(0, 1, x <= y)",
  logicalNot: "select(0, 1, x == 0)",
  logicalAnd: "select(0, 1, x != 0 && y != 0)",
  logicalOr: "select(0, 1, x != 0 || y != 0)",
  toInt: "intOf(x)",
  toFloat: "f32(x)",
  unitFloat: "f32(bitcast<u32>(x) >> 8u) * 5.9604644775390625e-8",
  where: "select(z, y, x != 0)",
};

const scalars = { f: "f32", i: "i32", x: "u32" } as const;
type Kind = keyof typeof scalars;

const names = ["x", "y", "z"];

/** The function of an opcode on 32-bit words, `fn add_(x: u32, y: u32) -> u32` and so on. */
export function wgslFunction(code: number): string {
  const { name, types } = functionList[code];
  const [inputs, output] = types.split(">");
  const kinds = [...inputs] as Kind[];
  const typed = kinds.map((kind, i) => `${names[i]}: ${scalars[kind]}`).join(", ");
  const words = kinds.map((_, i) => `${names[i]}: u32`).join(", ");
  const casts = kinds.map((kind, i) => `bitcast<${scalars[kind]}>(${names[i]})`).join(", ");
  const result = scalars[output as Kind];
  return (
    `fn ${name}Scalar(${typed}) -> ${result} { return ${bodies[name]}; }\n` +
    `fn ${name}_(${words}) -> u32 { return bitcast<u32>(${name}Scalar(${casts})); }\n`
  );
}
