// How kernels split their work between threads: by units of output, so that no sum is split.

/** The first unit of share `share` of `shares`. */
export function part(units: i32, share: i32, shares: i32): i32 {
  return i32((<i64>units * share) / shares);
}
