// How a cost grows: the exponent p of cost ~ size^p, by least squares on logarithms.

interface Sample {
  readonly size: number;
  readonly cost: number;
}

/** The exponent over all samples; NaN below two. */
export function exponent(samples: readonly Sample[]): number {
  const points = samples.map(({ size, cost }) => [Math.log(size), Math.log(cost)]);
  const mean = (axis: 0 | 1) => points.reduce((sum, p) => sum + p[axis], 0) / points.length;
  const [mx, my] = [mean(0), mean(1)];
  const along = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return along / points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}
