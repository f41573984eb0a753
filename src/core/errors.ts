// Every error that the library throws on purpose. Each text reads
// `<op>: <what does not fit>: <the numbers, with names>. <what to do>.`

/**
 * Names an error class for good, as stacks and consoles show it. The class's own name does not do:
 * minifiers shorten it. A field does not either: stacks are written before it is there.
 */
export function named(name: string, made: abstract new (...args: never[]) => Error): void {
  for (const holder of [made, made.prototype]) {
    Object.defineProperty(holder, "name", { value: name, configurable: true, writable: true });
  }
}

/** What was given, in the text of an error: its beginning where it is long. */
export function brief(x: unknown): string {
  const text = String(x);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

/** Base class of all errors thrown on purpose. */
export class HypergradError extends Error {}
named("HypergradError", HypergradError);

/** Sizes, ranks or axes that do not fit. Thrown before anything is allocated. */
export class ShapeError extends HypergradError {}
named("ShapeError", ShapeError);

/** An element type that an op does not take. Thrown before anything is allocated. */
export class DTypeError extends HypergradError {}
named("DTypeError", DTypeError);

/** An index outside the axis it points into. */
export class IndexError extends HypergradError {}
named("IndexError", IndexError);

/** A number outside the range an argument allows, NaN included. */
export class ValueError extends HypergradError {}
named("ValueError", ValueError);

/** More memory asked for than the device can give; nothing of the caller's was freed. */
export class MemoryError extends HypergradError {}
named("MemoryError", MemoryError);

/** A device that is absent, lost, disposed or of another copy of the library. */
export class DeviceError extends HypergradError {}
named("DeviceError", DeviceError);
