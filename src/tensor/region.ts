// Regions of a captured function: what is computed in one is never merged with equal nodes of
// another, so that a checkpoint's second computation stays one.

let current = 0;
let made = 0;

export function region(): number {
  return current;
}

/** Runs `f` in a region of its own. */
export function inRegion<T>(f: () => T): T {
  const before = current;
  current = ++made;
  try {
    return f();
  } finally {
    current = before;
  }
}
