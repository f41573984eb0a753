// How the reductions with a State of two words join two States, a before b. Prepended to
// reduce.wgsl, behind math.wgsl.

// (value, place) of the first maximum, or of the first NaN. Place 0xffffffff is no value.
fn largest(a: vec2u, b: vec2u) -> vec2u {
  return first(a, b, bitcast<f32>(b.x) > bitcast<f32>(a.x));
}

// (value, place) of the first minimum, or of the first NaN.
fn smallest(a: vec2u, b: vec2u) -> vec2u {
  return first(a, b, bitcast<f32>(b.x) < bitcast<f32>(a.x));
}

// Which of two stays: a NaN before all, the better, and of equals the one that comes first.
fn first(a: vec2u, b: vec2u, better: bool) -> vec2u {
  if (b.y == 0xffffffffu) { return a; }
  if (a.y == 0xffffffffu) { return b; }
  let x = bitcast<f32>(a.x);
  let y = bitcast<f32>(b.x);
  let nans = vec2<bool>(isNan(x), isNan(y));
  if (nans.x != nans.y) { return select(a, b, nans.y); }
  let same = nans.x || x == y;
  if (same) { return select(a, b, b.y < a.y); }
  return select(a, b, better);
}

// (maximum, sum of exp(value - maximum)); NaN stays in the maximum.
fn exponentials(s: vec2u, t: vec2u) -> vec2u {
  let a = bitcast<vec2f>(s);
  let b = bitcast<vec2f>(t);
  let m = maximumOf(a.x, b.x);
  if (m == -INF) { return bitcast<vec2u>(vec2f(m, 0.0)); }
  if (a.x == b.x) { return bitcast<vec2u>(vec2f(m, a.y + b.y)); }
  let e = expOf(-abs(a.x - b.x));
  return bitcast<vec2u>(vec2f(m, select(a.y * e + b.y, a.y + b.y * e, a.x > b.x)));
}

// The maximum itself when it is infinite or NaN.
fn logOfSum(s: vec2f) -> f32 {
  if (isNan(s.x) || isInf(s.x)) { return s.x; }
  return s.x + logOf(s.y);
}
