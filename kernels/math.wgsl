// Elementary functions in float32, to a few units in the last place, for every argument: adapters
// differ in exp, log, sin, tanh and pow, and some of theirs are wrong outside a narrow range.
// Prepended to the kernels that use them. Before any call `main` sets INF and NAN from uniforms,
// since no WGSL expression makes them; NaN is told by its bits, since compilers drop x != x.
var<private> INF: f32;
var<private> NAN: f32;
fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

// x > 0, false for NaN: the bits of positive numbers and infinity are 1 to 0x7f800000.
fn isPositive(x: f32) -> bool { return bitcast<u32>(x) - 1u < 0x7f800000u; }
fn negative(x: f32) -> bool { return (bitcast<u32>(x) >> 31u) != 0u; }

// |x| with the sign of s.
fn withSign(x: f32, s: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(s) & 0x80000000u));
}
fn maximumOf(x: f32, y: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (isNan(y)) { return y; }
  return max(x, y);
}
fn minimumOf(x: f32, y: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (isNan(y)) { return y; }
  return min(x, y);
}
fn isInf(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }

// 2^k for k in [-126, 127].
fn exp2i(k: i32) -> f32 { return bitcast<f32>(u32(k + 127) << 23u); }

// x * 2^k for k in [-252, 254], in two steps so that neither factor leaves the range of floats.
fn scale(x: f32, k: i32) -> f32 {
  let half = k / 2;
  return x * exp2i(half) * exp2i(k - half);
}

// e^r - 1 for |r| <= 0.35: r + r^2 (1/2 + r/6 + ...), minimax.
fn expTail(r: f32) -> f32 {
  var s = 1.9875691500e-4;
  s = s * r + 1.3981999507e-3;
  s = s * r + 8.3334519073e-3;
  s = s * r + 4.1665795894e-2;
  s = s * r + 1.6666665459e-1;
  s = s * r + 5.0000001201e-1;
  return s * r * r + r;
}

// x - k ln 2, with ln 2 in two parts: the product of k and the first is exact.
fn expRest(x: f32, k: f32) -> f32 {
  return fma(k, 2.12194440e-4, fma(k, -0.693359375, x));
}
fn expOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x > 88.722839) { return INF; }
  if (x < -103.98) { return 0.0; }
  let k = round(x * 1.44269504);
  return scale(1.0 + expTail(expRest(x, k)), i32(k));
}

// e^x - 1, to full relative precision near 0.
fn expm1Of(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (abs(x) < 0.35) { return expTail(x); }
  if (x > 60.0) { return expOf(x); }
  if (x < -20.0) { return -1.0; }
  let k = round(x * 1.44269504);
  let power = exp2i(i32(k));
  return fma(power, expTail(expRest(x, k)), power - 1.0);
}

// log(1 + f) + k ln 2 + c for 1 + f in [0.707, 1.414], after fdlibm: s = f / (2 + f).
fn logTail(f: f32, k: f32, c: f32) -> f32 {
  let s = f / (2.0 + f);
  let z = s * s;
  let w = z * z;
  let r = z * (0.66666662693 + w * 0.28498786688) + w * (0.40000972152 + w * 0.24279078841);
  let half = 0.5 * f * f;
  return s * (half + r) + (k * 9.0580006145e-6 + c) - half + f + k * 6.9313812256e-1;
}
fn logOf(x: f32) -> f32 {
  if (isNan(x) || isInf(x)) { return select(x, NAN, bitcast<u32>(x) == 0xff800000u); }
  var bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) == 0u) { return -INF; }
  if (negative(x)) { return NAN; }
  var k = -127;
  if (bits < 0x00800000u) { // a denormal is its bits times 2^-149
    bits = bitcast<u32>(f32(bits));
    k = -276;
  }
  bits += 0x3f800000u - 0x3f3504f3u;
  k += i32(bits >> 23u);
  let m = bitcast<f32>((bits & 0x007fffffu) + 0x3f3504f3u);
  return logTail(m - 1.0, f32(k), 0.0);
}

// log(1 + x), to full relative precision near 0: the rounding of 1 + x is put right by c.
fn log1pOf(x: f32) -> f32 {
  if (isNan(x) || x < -1.0) { return select(NAN, x, isNan(x)); }
  if (x == -1.0) { return -INF; }
  if (abs(x) < 5.9e-8 || isInf(x)) { return x; }
  if (x > -0.29289 && x < 0.41421) { return logTail(x, 0.0, 0.0); }
  let u = 1.0 + x;
  let bits = bitcast<u32>(u) + (0x3f800000u - 0x3f3504f3u);
  let k = i32(bits >> 23u) - 127;
  var c = select(x - (u - 1.0), 1.0 - (u - x), k >= 2);
  c = select(0.0, c / u, k < 25);
  let m = bitcast<f32>((bits & 0x007fffffu) + 0x3f3504f3u);
  return logTail(m - 1.0, f32(k), c);
}

// A float as m * 2^e with m no denormal: adapters may read those as 0.
struct Scaled { m: f32, e: i32 }
fn scaled(x: f32) -> Scaled {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  if (size >= 0x00800000u) { return Scaled(x, 0); }
  return Scaled(withSign(f32(size), x), -149); // a denormal is its bits times 2^-149
}
fn isZero(x: f32) -> bool { return (bitcast<u32>(x) << 1u) == 0u; }
fn sqrtOf(x: f32) -> f32 {
  if (isZero(x) || isNan(x)) { return x; }
  if (negative(x)) { return NAN; }
  if (isInf(x)) { return x; }
  if (bitcast<u32>(x) >= 0x00800000u) { return sqrt(x); }
  return sqrt(2.0 * scaled(x).m) * exp2i(-75);
}
fn rsqrtOf(x: f32) -> f32 {
  if (isZero(x)) { return withSign(INF, x); }
  if (isNan(x)) { return x; }
  if (negative(x)) { return NAN; }
  if (isInf(x)) { return 0.0; }
  if (bitcast<u32>(x) >= 0x00800000u) { return inverseSqrt(x); }
  return inverseSqrt(2.0 * scaled(x).m) * exp2i(75);
}
fn divide(x: f32, y: f32) -> f32 {
  if (isNan(x) || isNan(y)) { return NAN; }
  let sign = bitcast<f32>(bitcast<u32>(x) ^ bitcast<u32>(y));
  if (isInf(x)) {
    if (isInf(y)) { return NAN; }
    return withSign(INF, sign);
  }
  if (isInf(y)) { return withSign(0.0, sign); }
  if (isZero(y)) {
    if (isZero(x)) { return NAN; }
    return withSign(INF, sign);
  }
  // Adapters multiply by the reciprocal of y, which must not leave the range of floats.
  let size = abs(y);
  if (bitcast<u32>(size) >= 0x00800000u && size < 4.0e37 && abs(x) > 1.0e-30) { return x / y; }
  var a = scaled(x);
  var b = scaled(y);
  if (abs(a.m) < 1.0e-18) { a = Scaled(a.m * exp2i(64), a.e - 64); }
  if (abs(b.m) < 1.0e-18) { b = Scaled(b.m * exp2i(64), b.e - 64); }
  if (abs(b.m) > 1.0e18) { b = Scaled(b.m * exp2i(-64), b.e + 64); }
  return scale(a.m / b.m, a.e - b.e);
}

// Full 64-bit product: low word, high word.
fn mulWide(a: u32, b: u32) -> vec2u {
  let ll = (a & 0xffffu) * (b & 0xffffu);
  let lh = (a & 0xffffu) * (b >> 16u);
  let hl = (a >> 16u) * (b & 0xffffu);
  let mid = (ll >> 16u) + (lh & 0xffffu) + (hl & 0xffffu);
  let high = (a >> 16u) * (b >> 16u) + (lh >> 16u) + (hl >> 16u) + (mid >> 16u);
  return vec2u((mid << 16u) | (ll & 0xffffu), high);
}

// Word i of the binary digits of 2 / pi, behind one word of zeros.
fn twoOverPi(i: u32) -> u32 {
  switch (i) {
    case 1u: { return 0xa2f9836eu; }
    case 2u: { return 0x4e441529u; }
    case 3u: { return 0xfc2757d1u; }
    case 4u: { return 0xf534ddc0u; }
    case 5u: { return 0xdb629599u; }
    case 6u: { return 0x3c439041u; }
    case 7u: { return 0xfe5163abu; }
    default: { return 0u; }
  }
}

// 32 digits of 2 / pi from the given place on.
fn digits(place: u32) -> u32 {
  let shift = place & 31u;
  let word = place >> 5u;
  if (shift == 0u) { return twoOverPi(word); }
  return (twoOverPi(word) << shift) | (twoOverPi(word + 1u) >> (32u - shift));
}

struct Angle { rest: f32, quadrant: u32 }

// x = rest + quadrant * pi / 2 (mod 2 pi), |rest| <= pi / 4, after Payne and Hanek: |x| = m * 2^e,
// and of m * 2^e * 2 / pi only the part below 4 is computed, in 96-bit integers. Exact for any
// float; finite x only.
fn reduceAngle(x: f32) -> Angle {
  let a = abs(x);
  if (a <= 0.78539816) { return Angle(x, 0u); }
  let bits = bitcast<u32>(a);
  let m = (bits & 0x007fffffu) | 0x00800000u;
  let place = (bits >> 23u) - 120u; // e + 30, e = exponent - 150
  let low = mulWide(m, digits(place + 64u));
  let mid = mulWide(m, digits(place + 32u));
  let w1 = low.y + mid.x;
  let w2 = m * digits(place) + mid.y + select(0u, 1u, w1 < mid.x);
  var quadrant = w2 >> 30u;
  // The fraction of a quadrant in 64 bits; from one half on, count down from the next quadrant.
  var high = (w2 << 2u) | (w1 >> 30u);
  var rest = (w1 << 2u) | (low.x >> 30u);
  let down = high >= 0x80000000u;
  if (down) {
    quadrant += 1u;
    rest = ~rest + 1u;
    high = ~high + select(0u, 1u, rest == 0u);
  }
  let zeros = min(countLeadingZeros(high), 31u);
  if (zeros > 0u) { high = (high << zeros) | (rest >> (32u - zeros)); }
  var r = f32(high) * exp2i(-32 - i32(zeros)) * 1.57079633;
  if (down) { r = -r; }
  if (negative(x)) { return Angle(-r, 4u - (quadrant & 3u)); }
  return Angle(r, quadrant);
}
fn sinTail(r: f32) -> f32 {
  let z = r * r;
  return ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * r + r;
}
fn cosTail(r: f32) -> f32 {
  let z = r * r;
  let s = (2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2;
  return s * z * z - 0.5 * z + 1.0;
}

// sin(x + shift * pi / 2).
fn sinShifted(x: f32, shift: u32) -> f32 {
  if (isNan(x)) { return x; }
  if (isInf(x)) { return NAN; }
  let a = reduceAngle(x);
  let q = a.quadrant + shift;
  let s = select(sinTail(a.rest), cosTail(a.rest), (q & 1u) == 1u);
  return select(s, -s, (q & 2u) == 2u);
}

fn tanhOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let a = abs(x);
  if (a > 10.0) { return withSign(1.0, x); }
  if (a < 0.625) {
    let z = x * x;
    var s = -5.70498872745e-3;
    s = s * z + 2.06390887954e-2;
    s = s * z - 5.37397155531e-2;
    s = s * z + 1.33314422036e-1;
    s = s * z - 3.33332819422e-1;
    return s * z * x + x;
  }
  return withSign(1.0 - 2.0 / (expOf(2.0 * a) + 1.0), x);
}

fn sigmoidOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let e = expOf(-abs(x));
  return select(1.0, e, negative(x)) / (1.0 + e);
}

// log(1 + e^x), from the side on which nothing overflows.
fn softplusOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  return max(x, 0.0) + log1pOf(expOf(-abs(x)));
}

// After Cephes: a series below 1, then 1 - exp(-x^2) q p(q^2), q = 1 / |x|.
fn erfOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let a = abs(x);
  if (a > 4.0) { return withSign(1.0, x); }
  if (a < 1.0) {
    let z = x * x;
    var t = 7.853861353153693e-5;
    t = t * z - 8.010193625184903e-4;
    t = t * z + 5.188327685732524e-3;
    t = t * z - 2.685381193529856e-2;
    t = t * z + 1.128358514861418e-1;
    t = t * z - 3.761262582423300e-1;
    return x * (t * z + 1.128379165726710);
  }
  let q = 1.0 / a;
  let y = q * q;
  var s = 0.0;
  if (a < 2.0) {
    s = 2.326819970068386e-2;
    s = s * y - 1.387039388740657e-1;
    s = s * y + 3.687424674597105e-1;
    s = s * y - 5.824733027278666e-1;
    s = s * y + 6.210004621745983e-1;
    s = s * y - 4.944515323274145e-1;
    s = s * y + 3.404879937665872e-1;
    s = s * y - 2.741127028184656e-1;
    s = s * y + 5.638259427386472e-1;
  } else {
    s = -1.047766399936249e+1;
    s = s * y + 1.297719955372516e+1;
    s = s * y - 7.495518717768503;
    s = s * y + 2.921019019210786;
    s = s * y - 1.015265279202700;
    s = s * y + 4.218463358204948e-1;
    s = s * y - 2.820767439740514e-1;
    s = s * y + 5.641895067754075e-1;
  }
  return withSign(1.0 - expOf(-a * a) * q * s, x);
}

// After Giles, "Approximating the erfinv function": polynomials in w = -log(1 - x^2).
fn erfInvOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let a = abs(x);
  if (a > 1.0) { return NAN; }
  if (a == 1.0) { return withSign(INF, x); }
  var w = -logOf((1.0 - a) * (1.0 + a));
  if (a < 0.5) { w = -log1pOf(-a * a); }
  var s = 0.0;
  if (w < 5.0) {
    w -= 2.5;
    s = 2.81022636e-8;
    s = s * w + 3.43273939e-7;
    s = s * w - 3.5233877e-6;
    s = s * w - 4.39150654e-6;
    s = s * w + 2.1858087e-4;
    s = s * w - 1.25372503e-3;
    s = s * w - 4.17768164e-3;
    s = s * w + 2.46640727e-1;
    s = s * w + 1.50140941;
  } else {
    w = sqrt(w) - 3.0;
    s = -2.00214257e-4;
    s = s * w + 1.00950558e-4;
    s = s * w + 1.34934322e-3;
    s = s * w - 3.67342844e-3;
    s = s * w + 5.73950773e-3;
    s = s * w - 7.6224613e-3;
    s = s * w + 9.43887047e-3;
    s = s * w + 1.00167406;
    s = s * w + 2.83297682;
  }
  return s * x;
}

// |x|^n for a whole n in [0, 32], by squaring.
fn powerOf(x: f32, n: u32) -> f32 {
  var y = 1.0;
  var square = x;
  var rest = n;
  for (var bit = 0u; bit < 6u; bit++) {
    if ((rest & 1u) == 1u) { y *= square; }
    rest >>= 1u;
    if (rest > 0u) { square *= square; }
  }
  return y;
}

// x^y as in JavaScript: NaN for a negative x unless y is whole, 1 for y = 0.
fn powOf(x: f32, y: f32) -> f32 {
  if (isZero(y)) { return 1.0; }
  if (isNan(x) || isNan(y)) { return NAN; }
  let a = abs(x);
  if (isInf(y)) {
    if (a == 1.0) { return NAN; }
    return select(0.0, INF, (a > 1.0) == !negative(y));
  }
  let whole = floor(y) == y;
  let odd = whole && abs(y) < 16777216.0 && (i32(y) & 1) == 1;
  if (negative(x) && !whole && !isZero(x) && !isInf(x)) { return NAN; }
  let sign = select(1.0, -1.0, odd && negative(x));
  if (isZero(x) || isInf(x)) {
    return sign * select(0.0, INF, isZero(x) == negative(y));
  }
  if (whole && abs(y) <= 32.0) {
    let p = powerOf(a, u32(abs(y)));
    return sign * select(p, divide(1.0, p), negative(y));
  }
  // a = m * 2^k: y k is taken apart into a whole number and a rest, so that it loses no digits.
  let base = scaled(a);
  let bits = bitcast<u32>(base.m) + (0x3f800000u - 0x3f3504f3u);
  let k = f32(i32(bits >> 23u) - 127 + base.e);
  let m = bitcast<f32>((bits & 0x007fffffu) + 0x3f3504f3u);
  let l = logTail(m - 1.0, 0.0, 0.0) * 1.44269504;
  let t = y * (k + l);
  if (t > 129.0) { return sign * INF; }
  if (t < -151.0) { return sign * 0.0; }
  let e = round(t);
  let r = fma(y, k, -e) + y * l;
  return sign * scale(1.0 + expTail(r * 0.69314718), i32(e));
}

// Toward 0; saturates; NaN gives 0.
fn intOf(x: f32) -> i32 {
  if (isNan(x)) { return 0; }
  if (x >= 2147483648.0) { return 2147483647; }
  if (x <= -2147483648.0) { return -2147483647 - 1; }
  return i32(x);
}
