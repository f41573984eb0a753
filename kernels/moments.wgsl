// Mean and spread of a set of values, joined pairwise after Chan, Golub and LeVeque: no difference
// of large sums, whatever the mean. Prepended to the normalize kernels.

// Number of values, their mean, and the sum of their squared distances from it.
struct Moments { n: f32, mean: f32, m2: f32 }

fn joined(a: Moments, b: Moments) -> Moments {
  let n = a.n + b.n;
  if (b.n == 0.0) { return a; }
  if (a.n == 0.0) { return b; }
  let d = b.mean - a.mean;
  let share = b.n / n;
  return Moments(n, a.mean + d * share, a.m2 + b.m2 + d * d * a.n * share);
}

// Of the first `n` of eight values.
fn momentsOf(v: array<f32, 8>, n: u32) -> Moments {
  var values = v;
  var s = 0.0;
  for (var i = 0u; i < 8u; i++) { s += select(0.0, values[i], i < n); }
  let mean = s / max(f32(n), 1.0);
  var m2 = 0.0;
  for (var i = 0u; i < 8u; i++) {
    let d = values[i] - mean;
    m2 += select(0.0, d * d, i < n);
  }
  return Moments(f32(n), mean, m2);
}
