// BFGS with Armijo's backtracking, for functions of a few variables: the value never rises, and a
// function that is infinite somewhere is backed away from.

/** A value and its gradient; an infinite value where the function is not defined. */
export type Valued = { readonly value: number; readonly gradient: Float64Array };

/** The lowest point found from `start` within `steps` steps, with its value. */
export function bfgs(
  f: (x: Float64Array) => Valued,
  start: Float64Array,
  { steps = 40, tolerance = 1e-4 }: { steps?: number; tolerance?: number } = {},
): { x: Float64Array; value: number } {
  const n = start.length;
  let x = start;
  let now = f(x);
  let h = identity(n, 1 / Math.max(1, norm(now.gradient)));
  for (let step = 0; step < steps && norm(now.gradient) > tolerance; step++) {
    let direction = times(h, now.gradient, -1);
    let slope = dot(direction, now.gradient);
    if (!(slope < 0)) {
      h = identity(n, 1 / Math.max(1, norm(now.gradient)));
      direction = times(h, now.gradient, -1);
      slope = dot(direction, now.gradient);
    }
    let rate = 1;
    let tried = x;
    let next = now;
    do {
      tried = x.map((v, i) => v + rate * direction[i]);
      next = f(tried);
      rate /= next.value < Infinity ? 2 : 8;
    } while (!(next.value <= now.value + 1e-4 * 2 * rate * slope) && rate > 1e-8);
    if (!(next.value < now.value)) break;
    const moved = tried.map((v, i) => v - x[i]);
    const turned = next.gradient.map((g, i) => g - now.gradient[i]);
    const fall = now.value - next.value;
    update(h, moved, turned);
    x = tried;
    now = next;
    if (fall < tolerance * 1e-2) break;
  }
  return { x, value: now.value };
}

/** h ← (I − s yᵀ/sᵀy) h (I − y sᵀ/sᵀy) + s sᵀ/sᵀy, unless the curvature is not above 0. */
function update(h: Float64Array, s: Float64Array, y: Float64Array): void {
  const n = s.length;
  const curvature = dot(s, y);
  if (!(curvature > 1e-12)) return;
  const hy = times(h, y, 1);
  const factor = (1 + dot(y, hy) / curvature) / curvature;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      h[i * n + j] += factor * s[i] * s[j] - (hy[i] * s[j] + s[i] * hy[j]) / curvature;
    }
  }
}

function identity(n: number, scale: number): Float64Array {
  const h = new Float64Array(n * n);
  for (let i = 0; i < n; i++) h[i * n + i] = scale;
  return h;
}

function times(h: Float64Array, x: Float64Array, sign: number): Float64Array {
  const n = x.length;
  return x.map((_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += h[i * n + j] * x[j];
    return sign * sum;
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}
