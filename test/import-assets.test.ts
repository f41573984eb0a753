// What the build embeds in place of the assets: the relaxed binary comes back byte for byte, and a
// shader without its comments is the same program.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
// @ts-expect-error: a script of the build, without types
import { shortened } from "../scripts/assets.mjs";
// @ts-expect-error: a script of the build, without types
import { delta } from "../scripts/delta.mjs";
import { Stream } from "../src/core/random";
import { patch } from "../src/device/wasm/patch";

const file = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url));

test("the relaxed binary is the plain one with a small patch", () => {
  const [plain, relaxed] = [file("build/plain.wasm"), file("build/relaxed.wasm")];
  const difference = delta(plain, relaxed);
  expect(difference.length).toBeLessThan(relaxed.length / 3);
  expect(Buffer.compare(patch(plain, difference), relaxed)).toBe(0);
});

test("patch undoes delta for any two byte sequences", () => {
  const random = new Stream(1, 2);
  for (let round = 0; round < 200; round++) {
    const from = Buffer.from(Array.from({ length: random.integer(300) }, () => random.integer(4)));
    const pieces = Array.from({ length: random.integer(6) }, () => {
      const start = random.integer(from.length + 1);
      const fresh = Array.from({ length: random.integer(200) }, () => random.integer(256));
      return [...from.subarray(start, start + random.integer(200)), ...fresh];
    });
    const to = Buffer.from(pieces.flat());
    expect(Buffer.compare(patch(from, delta(from, to)), to)).toBe(0);
  }
});

test("a shortened shader keeps its lines of code, and blank space that operators need", () => {
  const wgsl = "// head\n\n  let a = b - -c; // why\n  var x: array<vec4<f32>> = f( a, b );\n";
  expect(shortened(wgsl)).toBe("let a = b - -c;var x:array<vec4<f32>> = f(a,b);");
});
