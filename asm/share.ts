// How kernels split their work between threads: by units of output, so that no sum is split and
// any number of shares gives the same bits.

/** What this thread takes of the kernel that it runs. */
let index: i32 = 0;
let count: i32 = 1;

export function takeShare(share: i32, shares: i32): void {
  index = share;
  count = shares;
}

// @ts-ignore: decorator
@inline
export function share(): i32 {
  return index;
}

// @ts-ignore: decorator
@inline
export function shares(): i32 {
  return count;
}

/** The first unit of share `share` of `shares`. */
export function part(units: i32, share: i32, shares: i32): i32 {
  return i32((<i64>units * share) / shares);
}

/** Whether shares that are whole units come out about even. */
export function even(units: i32, shares: i32): bool {
  return units % shares == 0 || units >= 4 * shares;
}

/** The first unit of this thread's share. */
// @ts-ignore: decorator
@inline
export function firstUnit(units: i32): i32 {
  return index == 0 ? 0 : part(units, index, count);
}

/** The unit behind this thread's share. */
// @ts-ignore: decorator
@inline
export function endUnit(units: i32): i32 {
  return count == 1 ? units : part(units, index + 1, count);
}
