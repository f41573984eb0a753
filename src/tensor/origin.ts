// Where an op comes from: which of the passes of a differentiated function, and which region. What
// is computed in one region is never merged with equal nodes of another, so that a checkpoint's
// second computation stays one.

export interface Origin {
  readonly region: number;
  /** 0 in the function itself, 1 in its backward pass, 2 in the backward pass of that. */
  readonly order: number;
}

let current: Origin = { region: 0, order: 0 };
let regions = 0;

export function origin(): Origin {
  return current;
}

function from<T>(next: Origin, f: () => T): T {
  const before = current;
  current = next;
  try {
    return f();
  } finally {
    current = before;
  }
}

/** Runs `f` in a region of its own. */
export function inRegion<T>(f: () => T): T {
  return from({ region: ++regions, order: current.order }, f);
}

/** Runs `f` as a backward pass. */
export function inPass<T>(f: () => T): T {
  return from({ region: current.region, order: current.order + 1 }, f);
}

/** Within a backward pass: what follows is the gradient of an op of this order. */
export function pullingFrom(order: number): void {
  if (current.order === order + 1) return;
  current = { region: current.region, order: order + 1 };
}
