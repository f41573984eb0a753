// What the build embeds in place of the assets: a binary as text comes back byte for byte, and
// turns into relaxed SIMD; a shader without its comments is the same program.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
// @ts-expect-error: a script of the build, without types
import { packed, shortened } from "../scripts/assets.mjs";
import { Stream } from "../src/core/random";
import { relax } from "../src/device/wasm/relax";
import { unpack } from "../src/device/wasm/unpack";

const bytes = (text: string) => Buffer.from(text, "latin1");

test.each(["base", "rest"])("build/%s.wasm comes back from its text", (name) => {
  const binary = readFileSync(new URL(`../build/${name}.wasm`, import.meta.url));
  const text: string = packed(binary);
  expect(text).toMatch(/^[ -~]+$/);
  expect(text).not.toMatch(/["'`\\$<]/);
  expect(Buffer.compare(unpack(text), binary)).toBe(0);
});

test("unpack undoes packed for any bytes", () => {
  const random = new Stream(1, 2);
  for (let round = 0; round < 100; round++) {
    const most = 1 + random.integer(256);
    const data = Uint8Array.from({ length: random.integer(600) }, () => random.integer(most));
    expect(unpack(packed(data))).toEqual(data);
  }
});

/** (module (func (param v128 v128 v128) (result v128) (local v128 v128) ...)), whose body takes its
 * parameters to the stack first. */
function module(code: string): string {
  const body = `\x01\x02\x7b\x20\x00\x20\x01\x20\x02${code}\x0b`;
  const section = `\x01${String.fromCharCode(body.length)}${body}`;
  const type = "\x01\x08\x01\x60\x03\x7b\x7b\x7b\x01\x7b\x03\x02\x01\x00";
  return `\0asm\x01\0\0\0${type}\x0a${String.fromCharCode(section.length)}${section}`;
}

test("relax turns the two spellings into one instruction each, of the same length", () => {
  const [t, u] = ["\x83\x00", "\x84\x00"];
  const madd = `\x21${t}\xfd\xe6\x01\x20${t}\xfd\xe4\x01`;
  const nmadd = `\x21${t}\xfd\xe6\x01\x21${u}\x20${t}\x20${u}\xfd\xe5\x01`;
  for (const [apart, fused] of [
    [madd, "\xfd\x85\x02"],
    [nmadd, "\xfd\x86\x02"],
  ]) {
    expect(WebAssembly.validate(bytes(module(apart)))).toBe(true);
    const relaxed = module(fused.padEnd(apart.length, "\x01"));
    expect(Buffer.compare(relax(bytes(module(apart))), bytes(relaxed))).toBe(0);
  }
  const others = madd.replace(`\x20${t}`, `\x20${u}`); // another local: no multiply-add
  expect(Buffer.compare(relax(bytes(module(others))), bytes(module(others)))).toBe(0);
});

test("a shortened shader keeps its lines of code, and blank space that operators need", () => {
  const wgsl =
    "// head\n\n  let a = b - -c / *d; // why\n  var x: array<vec4<f32>> = f( a, 1. + b );\n";
  expect(shortened(wgsl)).toBe("let a=b- -c/ *d;var x:array<vec4<f32>> =f(a,1.+b);");
});
