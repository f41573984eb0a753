// Options, checked: an object whose every name is known. JavaScript would pass over a number in
// its place, or a name that is misspelt, and give the result of the defaults.

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
      `${op}: the options are no object: ${String(options)}. Write { ${names.join(", ")} }.`,
    );
  }
  for (const name in options) {
    if (names.includes(name)) continue;
    throw new TypeError(`${op}: unknown option: ${name}. Use ${names.join(", ")}.`);
  }
  return options;
}
