// Options, checked: an object whose every name is known, numbers in their range. JavaScript would
// pass over a number in its place, or a name that is misspelt, and give the result of the defaults.

import { brief, ValueError } from "./errors";

/**
 * The options themselves.
 * @throws TypeError unless they are an object with no other names than these
 */
export function optionsOf<T extends object>(
  op: string,
  options: T,
  names: readonly (keyof T & string)[],
): T {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `${op}: the options are no object: ${brief(options)}. Write { ${names.join(", ")} }.`,
    );
  }
  for (const name in options) {
    if (names.includes(name)) continue;
    throw new TypeError(`${op}: unknown option: ${name}. Use ${names.join(", ")}.`);
  }
  return options;
}

/** @throws ValueError unless each of these is a whole number from `least` */
export function needWhole(
  op: string,
  values: Readonly<Record<string, number | undefined>>,
  least: number,
): void {
  for (const [name, x] of Object.entries(values)) {
    if (Number.isSafeInteger(x) && (x as number) >= least) continue;
    throw new ValueError(
      `${op}: ${name} is no whole number from ${least}: ${String(x)}. Use ${least} or more.`,
    );
  }
}

/** @throws ValueError unless each of these is a number above 0 and below `end` */
export function needPositive(
  op: string,
  values: Readonly<Record<string, number>>,
  end = Number.POSITIVE_INFINITY,
): void {
  for (const [name, x] of Object.entries(values)) {
    if (x > 0 && x < end) continue;
    const most = end === Number.POSITIVE_INFINITY ? "" : ` and below ${end}`;
    throw new ValueError(`${op}: ${name} out of range: ${x}. Use a number above 0${most}.`);
  }
}
