// Every error that the library throws on purpose. Each text reads
// `<op>: <what does not fit>: <the numbers, with names>. <what to do>.`

/** Base class of all errors thrown on purpose. */
export class HypergradError extends Error {
  override name = "HypergradError";
}

/** Sizes, ranks or axes that do not fit. Thrown before anything is allocated. */
export class ShapeError extends HypergradError {
  override name = "ShapeError";
}

/** An element type that an op does not take. Thrown before anything is allocated. */
export class DTypeError extends HypergradError {
  override name = "DTypeError";
}

/** An index outside the axis it points into. */
export class IndexError extends HypergradError {
  override name = "IndexError";
}

/** A number outside the range an argument allows, NaN included. */
export class ValueError extends HypergradError {
  override name = "ValueError";
}

/** More memory asked for than the device can give; nothing of the caller's was freed. */
export class MemoryError extends HypergradError {
  override name = "MemoryError";
}

/** A device that is absent, lost, disposed or of another copy of the library. */
export class DeviceError extends HypergradError {
  override name = "DeviceError";
}
