// The safetensors form: bits survive, the layout is the published one, damage is named.

import { describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../src/data/safetensors";

const file = {
  arrays: {
    "layers[0].w": { data: Float32Array.from([0.1, -0, Number.NaN, 1e-45]), shape: [2, 2] },
    step: { data: Int32Array.from([-7]), shape: [] },
    loss: { data: Float64Array.from([Math.PI, Number.NEGATIVE_INFINITY]), shape: [2] },
    mask: { data: Uint8Array.from([1, 0, 1]), shape: [3], bool: true },
    image: { data: Uint8Array.from([0, 128, 255]), shape: [1, 3] },
    empty: { data: new Float32Array(0), shape: [0, 4] },
  },
  metadata: { task: "characters — 文字" },
};

/** A file of this header text and values. */
function raw(header: string, values: number) {
  const text = new TextEncoder().encode(header);
  const out = new Uint8Array(8 + text.length + values);
  new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
  out.set(text, 8);
  return out;
}

describe("safetensors", () => {
  test("gives back every array with its bits, type and shape", () => {
    const back = decodeSafetensors(encodeSafetensors(file));
    expect(back).toEqual(file);
    expect(Object.is(back.arrays["layers[0].w"].data[1], -0)).toBe(true);
    expect(back.arrays.loss.data).toBeInstanceOf(Float64Array);
  });

  test("reads from any place in a buffer", () => {
    const bytes = encodeSafetensors(file);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeSafetensors(shifted.subarray(3))).toEqual(file);
  });

  test("an empty array may begin where another does, whichever is named first", () => {
    // JSON puts names of digits first.
    const arrays = {
      "10": { data: Float32Array.from([1]), shape: [1] },
      "9e": { data: new Float32Array(0), shape: [0] },
      a: { data: new Float32Array(0), shape: [2, 0] },
    };
    for (const names of [Object.keys(arrays), Object.keys(arrays).reverse()]) {
      const some = Object.fromEntries(names.map((name) => [name, arrays[name as "a"]]));
      const back = decodeSafetensors(encodeSafetensors({ arrays: some, metadata: {} }));
      expect(back.arrays).toEqual(arrays);
    }
    const first = { dtype: "F32", shape: [1], data_offsets: [0, 4] };
    const empty = { dtype: "F32", shape: [0], data_offsets: [0, 0] };
    const bytes = raw(JSON.stringify({ first, empty }), 4);
    expect(Object.keys(decodeSafetensors(bytes).arrays).sort()).toEqual(["empty", "first"]);
  });

  test("the layout: length, padded JSON, values in place and aligned", () => {
    const bytes = encodeSafetensors({
      arrays: {
        a: { data: Int32Array.from([258]), shape: [1] },
        b: { data: Float64Array.from([1]), shape: [1] },
      },
      metadata: {},
    });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    expect(JSON.parse(text)).toEqual({
      b: { dtype: "F64", shape: [1], data_offsets: [0, 8] },
      a: { dtype: "I32", shape: [1], data_offsets: [8, 12] },
    });
    expect(Array.from(bytes.subarray(8 + length))).toEqual([0, 0, 0, 0, 0, 0, 240, 63, 2, 1, 0, 0]);
  });

  test("a file cut anywhere throws", () => {
    const bytes = encodeSafetensors(file);
    for (let n = 0; n < bytes.length; n++) {
      expect(() => decodeSafetensors(bytes.subarray(0, n), "a.safetensors")).toThrow(
        "safetensors: a.safetensors is no safetensors file or is damaged: expected ",
      );
    }
  });

  const entry = (more: object) => JSON.stringify({ a: { dtype: "F32", shape: [2], ...more } });
  test.each([
    ["no JSON", raw("{oops", 0), "its header is no JSON"],
    ["no object", raw("[1]", 0), "its header is no object"],
    ["no offsets", raw(entry({}), 8), 'the entry "a" is {"dtype":"F32","shape":[2]}'],
    ["a size below 0", raw(entry({ shape: [-2], data_offsets: [0, 8] }), 8), 'the entry "a" is'],
    ["a gap", raw(entry({ data_offsets: [4, 12] }), 12), '"a" begins at byte 4, not at 0'],
    [
      "wrong offsets",
      raw(entry({ data_offsets: [0, 4] }), 4),
      '"a" [2] takes 8 bytes, its offsets',
    ],
    ["bytes left", raw(entry({ data_offsets: [0, 8] }), 9), "bytes, found"],
    ["odd metadata", raw('{"__metadata__":{"a":1}}', 0), "holds other values than text"],
  ])("a header with %s is named", (_, bytes, text) => {
    expect(() => decodeSafetensors(bytes)).toThrow(text);
  });

  test("a type not read here is a DTypeError", () => {
    const bytes = raw(entry({ dtype: "F8_E4M3", data_offsets: [0, 2] }), 2);
    expect(() => decodeSafetensors(bytes, "a.safetensors")).toThrow(
      'safetensors: element type not read here: "a" of a.safetensors is F8_E4M3. ' +
        "Convert it to one of F64, F32, F16, BF16, I64, U64, I32, U32, I16, U16, I8, U8, BOOL.",
    );
  });

  /** A file of one array of two elements from these bytes. */
  const two = (dtype: string, ...values: number[]) => {
    const bytes = raw(entry({ dtype, data_offsets: [0, values.length] }), values.length);
    bytes.set(values, bytes.length - values.length);
    return Array.from(decodeSafetensors(bytes, "a.safetensors").arrays.a.data);
  };

  test("reads floats of 16 bits, their ends and odd ones too", () => {
    expect(two("F16", 0x00, 0x3c, 0x00, 0xc1)).toEqual([1, -2.5]);
    expect(two("F16", 0xff, 0x7b, 0x01, 0x00)).toEqual([65504, 2 ** -24]);
    expect(two("F16", 0x00, 0x7c, 0x00, 0xfc)).toEqual([Infinity, -Infinity]);
    expect(two("F16", 0x01, 0x7e, 0x00, 0x80)).toEqual([Number.NaN, -0]);
    expect(two("F16", 0xff, 0x03, 0x00, 0x04)).toEqual([1023 * 2 ** -24, 2 ** -14]);
    expect(two("BF16", 0x80, 0x3f, 0x20, 0xc0)).toEqual([1, -2.5]);
    expect(two("BF16", 0x80, 0x7f, 0xc0, 0x7f)).toEqual([Infinity, Number.NaN]);
    expect(two("BF16", 0x7f, 0x7f, 0x00, 0x80)).toEqual([(2 - 2 ** -7) * 2 ** 127, -0]);
  });

  test("reads whole numbers of every width, and refuses those beyond int32", () => {
    expect(two("I8", 0x80, 0x7f)).toEqual([-128, 127]);
    expect(two("I16", 0x00, 0x80, 0xff, 0x7f)).toEqual([-32768, 32767]);
    expect(two("U16", 0xff, 0xff, 1, 0)).toEqual([65535, 1]);
    expect(two("U32", 0xff, 0xff, 0xff, 0x7f, 2, 0, 0, 0)).toEqual([2147483647, 2]);
    const minus = [0xfe, ...Array(7).fill(0xff)];
    expect(two("I64", ...minus, 5, 0, 0, 0, 0, 0, 0, 0)).toEqual([-2, 5]);
    expect(two("U64", 7, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0)).toEqual([7, 5]);
    const beyond = (dtype: string, i: number) =>
      `"a" of a.safetensors holds a whole number beyond int32: element ${i}, ${dtype}. Store it `;
    expect(() => two("U64", ...minus, ...minus)).toThrow(beyond("U64", 0));
    expect(() => two("I64", ...minus, 0, 0, 0, 0x80, 0, 0, 0, 0)).toThrow(beyond("I64", 1));
    expect(() => two("U32", 1, 0, 0, 0, 0, 0, 0, 0x80)).toThrow(beyond("U32", 1));
  });

  test.each([
    ["overlap", [0, 8], [4, 12], '"b" begins at byte 4, not at 8'],
    ["go past the end", [0, 8], [8, 16], "expected "],
  ])("a header whose offsets %s is named", (_, a, b, text) => {
    const lying = JSON.stringify({
      a: { dtype: "F32", shape: [2], data_offsets: a },
      b: { dtype: "F32", shape: [2], data_offsets: b },
    });
    expect(() => decodeSafetensors(raw(lying, 12))).toThrow(text);
  });

  test("a header of a huge length, and a shape of a huge size, take no memory", () => {
    const huge = new Uint8Array(16);
    new DataView(huge.buffer).setBigUint64(0, 2n ** 63n, true);
    expect(() => decodeSafetensors(huge)).toThrow("expected a header of 9223372036854776000 bytes");
    const shape = [2 ** 40, 2 ** 40];
    expect(() => decodeSafetensors(raw(entry({ shape, data_offsets: [0, 8] }), 8))).toThrow(
      "its offsets give 8",
    );
  });

  test("values must fit their shape, and one name is taken", () => {
    const data = new Float32Array(3);
    expect(() => encodeSafetensors({ arrays: { a: { data, shape: [4] } }, metadata: {} })).toThrow(
      'safetensors: values and shape differ: "a" has 3 values for shape [4], which holds 4. ',
    );
    const arrays = { __metadata__: { data, shape: [3] } };
    expect(() => encodeSafetensors({ arrays, metadata: {} })).toThrow(
      'safetensors: the name "__metadata__" is taken. Use another.',
    );
  });
});
