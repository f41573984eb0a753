// Writes an ONNX model of one node, byte by byte: what onnxruntime-web can be asked to run.

type Bytes = number[];

function varint(n: number): Bytes {
  return n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...varint(Math.floor(n / 128))];
}

const number = (field: number, value: number): Bytes => [...varint(field << 3), ...varint(value)];
const tag = (field: number, length: number): Bytes => [
  ...varint((field << 3) | 2),
  ...varint(length),
];
const nested = (field: number, content: Bytes): Bytes => [
  ...tag(field, content.length),
  ...content,
];
const text = (field: number, value: string): Bytes =>
  nested(field, [...new TextEncoder().encode(value)]);

type Attribute = number | readonly number[] | { readonly float: number };

/** Attributes are whole numbers, lists of them, or marked floats. */
function attribute([name, value]: [string, Attribute]): Bytes {
  const named = text(1, name);
  if (typeof value === "number") {
    return nested(5, [...named, ...number(3, value), ...number(20, 2)]);
  }
  if ("float" in value) {
    const bytes = new Uint8Array(Float32Array.of(value.float).buffer);
    return nested(5, [...named, ...varint((2 << 3) | 5), ...bytes, ...number(20, 1)]);
  }
  return nested(5, [...named, ...value.flatMap((v) => number(8, v)), ...number(20, 7)]);
}

const FLOAT = 1;

function described(field: number, name: string, shape: readonly number[]): Bytes {
  const sizes = shape.flatMap((size) => nested(1, number(1, size)));
  const type = nested(1, [...number(1, FLOAT), ...nested(2, sizes)]);
  return nested(field, [...text(1, name), ...nested(2, type)]);
}

export interface Constant {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Node {
  readonly op: string;
  /** Shapes of what is given on each run, in the order of the node's inputs. */
  readonly given: readonly (readonly number[])[];
  /** Constants that follow them. */
  readonly constants: readonly Constant[];
  /** Rank of the result: sizes are found by the runtime. */
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** How often in a row: each feeds its first result to the next one's first input. */
  readonly repeat?: number;
}

/** Inputs are x0, x1 ..., the result is y. */
export function onnxModel(node: Node): Uint8Array {
  const { op, given, constants, attributes = {}, repeat = 1 } = node;
  const names = given.map((_, i) => `x${i}`);
  const fixed = constants.map((_, i) => `c${i}`);
  const nodes: Bytes[] = [];
  for (let i = 0; i < repeat; i++) {
    const first = i === 0 ? names[0] : `t${i}`;
    const result = i === repeat - 1 ? "y" : `t${i + 1}`;
    const inputs = [first, ...names.slice(1), ...fixed].flatMap((name) => text(1, name));
    const options = Object.entries(attributes).flatMap(attribute);
    nodes.push(nested(1, [...inputs, ...text(2, result), ...text(4, op), ...options]));
  }
  const initializers = constants.map(({ shape, data }, i) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const head = [...shape.flatMap((size) => number(1, size)), ...number(2, FLOAT)];
    const named = text(8, fixed[i]);
    return { head: [...head, ...named, ...tag(9, bytes.length)], bytes };
  });
  const front = [...nodes.flat(), ...text(2, "bench")];
  const back = [
    ...given.flatMap((shape, i) => described(11, names[i], shape)),
    ...nested(12, [...text(1, "y"), ...nested(2, nested(1, number(1, FLOAT)))]),
  ];
  const tensors = initializers.map(({ head, bytes }) => {
    const length = head.length + bytes.length;
    return { head: [...tag(5, length), ...head], bytes };
  });
  const size =
    front.length + back.length + tensors.reduce((n, t) => n + t.head.length + t.bytes.length, 0);
  const opset = nested(8, [...text(1, ""), ...number(2, 17)]);
  const parts: ArrayLike<number>[] = [number(1, 8), opset, tag(7, size), front];
  for (const { head, bytes } of tensors) parts.push(head, bytes);
  parts.push(back);
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
