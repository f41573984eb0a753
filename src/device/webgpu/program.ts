// What one compute pipeline is made of: WGSL parts, override constants and bindings. Sizes and
// scalars are uniforms, so a program serves all shapes.

import math from "../../../kernels/math.wgsl";

/** A piece of WGSL and the file that it came from, for error texts. */
export interface Part {
  readonly file: string;
  readonly text: string;
}

export interface Program {
  /** Place in a device's table of pipelines. */
  readonly id: number;
  readonly label: string;
  /** Put together in this order; the last is the kernel's own file. */
  readonly parts: readonly Part[];
  readonly constants: Readonly<Record<string, number>>;
  /** Storage bindings: first those only read, then those written; the uniform comes last. */
  readonly reads: number;
  readonly writes: number;
  /** Positions of the uniform words that are floats. */
  readonly floats: readonly number[];
}

/** The text of one of the files of kernels/. */
export const part = (name: string, text: string): Part => ({ file: `${name}.wgsl`, text });

/** What many programs begin with. */
export const MATH = part("math", math);
/** Uniform words of every program that uses it, at the end. */
export const INF_NAN = [Number.POSITIVE_INFINITY, Number.NaN] as const;

let made = 0;

/** A new entry of the table of programs. `floats`: positions of float uniform words. */
export function program(
  label: string,
  parts: readonly Part[],
  bindings: { reads: number; writes: number },
  floats: readonly number[] = [],
  constants: Readonly<Record<string, number>> = {},
): Program {
  return { id: made++, label, parts, constants, floats, ...bindings };
}

/** The values of a function of small whole numbers, made on first use and kept. */
export function table<T>(make: (code: number) => T): (code: number) => T {
  const kept: T[] = [];
  return (code) => {
    kept[code] ??= make(code);
    return kept[code];
  };
}

/** The whole WGSL text of a program. */
export function sourceOf({ parts }: Program): string {
  return parts.map((part) => part.text).join("\n");
}

/** Where line `line` (from 1) of a program's text is: its file, its line there, and the text. */
function locate({ parts }: Program, line: number) {
  let rest = line;
  for (const { file, text } of parts) {
    const lines = text.split("\n");
    if (rest <= lines.length) return { file, line: rest, text: lines[rest - 1] };
    rest -= lines.length;
  }
  return { file: parts[parts.length - 1].file, line: rest, text: "" };
}

/** The first error of a shader, with its line and a caret under the column. */
export function showError(
  program: Program,
  message: { message: string; lineNum: number; linePos: number },
): string {
  const { file, line, text } = locate(program, message.lineNum);
  const reason = message.message.trim().split("\n")[0];
  const gutter = `  ${line} | `;
  return (
    `${program.label}: its WGSL kernel does not compile: ${file} ${line}:${message.linePos}: ` +
    `${reason}\n${gutter}${text}\n` +
    `${" ".repeat(gutter.length - 2)}| ${" ".repeat(Math.max(0, message.linePos - 1))}^`
  );
}
