// The kernel table: every kernel's name, operands and parameters, the same on every device. The
// reference loop is a kernel's meaning; WASM and WGSL are fast bodies of it.

/** Inputs, outputs and parameters of a kernel, in the order of its calls. */
export interface Signature {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** int32 numbers, but for those named in `floats`. */
  readonly params: readonly string[];
  readonly floats?: readonly string[];
  /** Whether lists go on for as long as the parameters say. */
  readonly variadic?: boolean;
  /** Input whose values are indices: the device throws IndexError for the first bad one where it
   * can see values at once (reference, wasm); where it cannot (webgpu), a bad index reads 0. */
  readonly checks?: string;
}

function kernel(inputs: string, outputs: string, params: string, more?: Partial<Signature>) {
  const list = (s: string) => (s === "" ? [] : s.split(" "));
  return { inputs: list(inputs), outputs: list(outputs), params: list(params), ...more };
}

// An elementwise operand is read through a repeat (inner, mid): element i of the result reads
// element floor(i / inner) % mid of the operand. Whole: (1, n). Scalar: (1, 1). A row repeated
// down a matrix: (1, columns). A column repeated across it: (columns, rows).
// `f` is an opcode of `functions`.
const elementwise = {
  map1: kernel("x", "out", "f n xInner xMid"),
  map2: kernel("x y", "out", "f n xInner xMid yInner yMid"),
  map3: kernel("x y z", "out", "f n xInner xMid yInner yMid zInner zMid"),
  // Registers 0 .. inputs - 1 hold the inputs' elements, the next the outputs'; each of `steps`
  // steps (f x y z to) sets register `to` to f of registers x, y, z. Only programs call it. Then:
  // inner mid span of each input, then the steps. Each `span` elements of the result have a part
  // of the operand of their own, mid long: element i, with r = i % span, reads element
  // floor(i / span) * mid + floor(r / inner) % mid. span = n: one part serves for all.
  // The last `sums` outputs are not written element by element but summed over rows, taken as
  // [n / (rows columns), rows, columns]: out[o, i] = sum over j of the register's [o, j, i].
  chain: kernel("x...", "out...", "n inputs outputs steps sums rows columns ...", {
    variadic: true,
  }),
  fill: kernel("", "out", "n value", { floats: ["value"] }),
  fillInt: kernel("", "out", "n value"),
};

// All reduce the middle axis: out[o, i] = over j of x[o, j, i], for x [outer, n, inner].
// Sums are pairwise or blocked, so that long sums keep float32 accuracy. n = 0 gives the neutral
// element. max and min keep NaN; argmax and argmin give the first of equals, and the first NaN.
const reductions = {
  sum: kernel("x", "out", "outer n inner"),
  prod: kernel("x", "out", "outer n inner"),
  max: kernel("x", "out", "outer n inner"),
  min: kernel("x", "out", "outer n inner"),
  argmax: kernel("x", "out", "outer n inner"), // int32
  argmin: kernel("x", "out", "outer n inner"), // int32
  logSumExp: kernel("x", "out", "outer n inner"), // -inf for n = 0
  intSum: kernel("x", "out", "outer n inner"),
  intProd: kernel("x", "out", "outer n inner"),
  intMax: kernel("x", "out", "outer n inner"),
  intMin: kernel("x", "out", "outer n inner"),
  cumsum: kernel("x", "out", "outer n inner reverse"), // out has the shape of x
};

// move: for every index (i0 .. i5) below (d0 .. d5):
//   out[outStart + i0 * o0 + ... + i5 * o5] = x[xStart + i0 * s0 + ... + i5 * s5]
// on 32-bit elements of any type; strides may be 0 or negative for x, never two to one place for
// out. Transpose, slice, flip, expand, concat and pad (after fill) are moves. Six axes after
// merging: a caller with more merges or splits first.
// gather:       out[o, j, i] = x[o, idx[j], i],        x [outer, n, inner], idx [k]
// scatterAdd:   out[o, idx[j], i] += g[o, j, i],       out [outer, n, inner], zero at first
// gatherAlong:  out[o, j, i] = x[o, idx[o, j, i], i],  idx [outer, k, inner]
// scatterAlong: out[o, idx[o, j, i], i] += g[o, j, i]
// Sums run in ascending j: the same bits in every run. gathers move 32-bit elements of any type.
// argsort: idx[o, :] = stable order of x[o, :] [outer, n], ascending or descending; NaN last.
const movement = {
  move: kernel("x", "out", "d0 d1 d2 d3 d4 d5 xStart s0 s1 s2 s3 s4 s5 outStart o0 o1 o2 o3 o4 o5"),
  gather: kernel("x idx", "out", "outer n k inner", { checks: "idx" }),
  scatterAdd: kernel("g idx", "out", "outer n k inner", { checks: "idx" }),
  gatherAlong: kernel("x idx", "out", "outer n k inner", { checks: "idx" }),
  scatterAlong: kernel("g idx", "out", "outer n k inner", { checks: "idx" }),
  argsort: kernel("x", "out", "outer n descending"),
  intArgsort: kernel("x", "out", "outer n descending"),
};

// matmul: out[b, m, n] = sum over k of A[m, k] B[k, n], A = a[b] or its transpose (ta: a is
// [k, m]), B = b[b] or its transpose (tb: b is [n, k]). as, bs: elements from one batch's matrix
// to the next, 0 when one matrix serves all.
//
// The three derivatives of one trilinear form sum(out * g) with
//   out[b, n, oh, ow, oc] = sum over kh, kw, c of
//     x[b, n, oh * sh + kh * dh - ph, ow * sw + kw * dw - pw, c] * k[b, kh, kw, c, oc]
// (zero outside x; group of oc uses its c / groups channels; k is [kh, kw, c / groups, oc]):
//   conv2d gives out from x and w, conv2dInput gives dx from g and w, conv2dKernel gives dw from
//   x and g. `batch` independent convolutions; xs, ws, gs: elements from one to the next, 0 when
//   shared (outputs never are).
const products = {
  matmul: kernel("a b", "out", "batch m k n ta tb as bs"),
  conv2d: kernel("x w", "out", "batch n h w c kh kw oc oh ow sh sw ph pw dh dw groups xs ws"),
  conv2dInput: kernel("g w", "out", "batch n h w c kh kw oc oh ow sh sw ph pw dh dw groups gs ws"),
  conv2dKernel: kernel("x g", "out", "batch n h w c kh kw oc oh ow sh sw ph pw dh dw groups xs gs"),
};

// Windows of size kh x kw over x [n, h, w, c], stride sh, sw, padding ph, pw.
// maxPoolIndex: idx[n, oh, ow, c] = row * w + column in x of the window's first maximum (padding
//   is never chosen; NaN is a maximum). poolGather: out = x at idx. poolScatter: its adjoint,
//   out[n, h, w, c] = sum of g over the windows whose idx points there.
// sumPool: sum over each window. sumPoolInput: its adjoint, from g [n, oh, ow, c].
const pooling = {
  maxPoolIndex: kernel("x", "out", "n h w c kh kw oh ow sh sw ph pw"),
  poolGather: kernel("x idx", "out", "n h w c kh kw oh ow sh sw ph pw"),
  poolScatter: kernel("g idx", "out", "n h w c kh kw oh ow sh sw ph pw"),
  sumPool: kernel("x", "out", "n h w c kh kw oh ow sh sw ph pw"),
  sumPoolInput: kernel("g", "out", "n h w c kh kw oh ow sh sw ph pw"),
};

// softmax, logSoftmax: over the rows of x [m, n].
// normalize: over the middle axis of x [outer, n, inner]: mean 0, variance 1 (biased):
//   y = (x - mean) * rstd, rstd[outer, inner] = 1 / sqrt(var + eps).
// normalizeInput: its adjoint, dx = rstd * (g - mean(g) - y * mean(g * y)), means over n.
const normalization = {
  softmax: kernel("x", "out", "m n"),
  logSoftmax: kernel("x", "out", "m n"),
  normalize: kernel("x", "out rstd", "outer n inner eps", { floats: ["eps"] }),
  normalizeInput: kernel("g y rstd", "out", "outer n inner"),
};

// randomBits: out[b, i] = word i of the stream of key [b, 2]: Threefry-2x32, 20 rounds, counter
// (floor(i / 2), 0), word i % 2 of its result.
// splitKey: out[b, j, 0..1] = both words of Threefry of key [b, 2] at counter (j, 1).
const random = {
  randomBits: kernel("key", "out", "b n"),
  splitKey: kernel("key", "out", "b n"),
};

// A whole sequence of `t` steps of an LSTM, for `batch` independent sets of b sequences. Gates
// stand in the order i f g o. For each step s, with h[-1] = h0 and c[-1] = c0:
//   a = z[s] + bias + h[s-1] wh;  i, f, o = sigmoid(a), g = tanh(a)
//   c[s] = f c[s-1] + i g;  h[s] = o tanh(c[s])
// z [batch, t, b, 4h], wh [h, 4h], bias [4h], h0, c0 [batch, b, h], out: h [batch, t, b, h] and
// cells [batch, t, b, 5h]: i f g o c. ws: 0 when all of the batch share one wh and one bias, else
// h 4h: each has its own. masked 1: mask [batch, t, b] int32; where it is 0, h and c are those of
// step s-1 and the gates in `cells` are 0. masked 0: mask is not read.
//
// lstmBackward: for cotangents gh of h and gcells of cells, both as given (gcells not read when
// more is 0), the gradients by z, h0 and c0; from step t-1 back, dh = dc = 0 at first:
//   dh += gh[s];  dc += gc[s] + dh o (1 - tanh(c[s])^2)
//   dz = ((dc g + gi) i (1-i), (dc c[s-1] + gf) f (1-f), (dc i + gg) (1-g^2),
//         (dh tanh(c[s]) + go) o (1-o));  dc = dc f;  dh = dz wh^T
// where mask is 0: dc += gc[s], dh += gh[s], dz = 0.
const recurrent = {
  lstmForward: kernel("z wh bias h0 c0 mask", "h cells", "batch t b h masked ws"),
  lstmBackward: kernel("cells c0 wh mask gh gcells", "dz dh0 dc0", "batch t b h masked more ws"),
};

// Attention of queries q [n, tq, d] to keys k [n, tk, d] with values v [n, tk, dv], n independent
// ones. Query i may see key j unless causal is 1 and j > i + tk - tq (the last query sees all), or
// masked is 1 and mask[p * ms + i * mr + j] is 0, for number p of n; mask is int32, and not read
// when masked is 0. Over the keys that it sees:
//   s[i, j] = scale * sum over d of q[i, d] k[j, d];  lse[i] = log(sum over j of exp(s[i, j]))
//   y[i] = sum over j of exp(s[i, j] - lse[i]) v[j]
// y [n, tq, dv], lse [n, tq]; both 0 for a query that sees nothing, or only scores of -inf. Scores
// are held block by block, never all of them.
//
// attentionBackward: the gradients of sum(g y) by q, k and v, from y and lse as above. With
// p[i, j] = exp(s[i, j] - lse[i]), 0 where i does not see j, and r[i] = sum over dv of g[i] y[i]:
//   ds[i, j] = p[i, j] (sum over dv of g[i] v[j] - r[i]) * scale
//   dq[i] = sum over j of ds[i, j] k[j];  dk[j] = sum over i of ds[i, j] q[i]
//   dv[j] = sum over i of p[i, j] g[i]
const attention = {
  attentionForward: kernel("q k v mask", "y lse", "n tq tk d dv causal masked ms mr scale", {
    floats: ["scale"],
  }),
  attentionBackward: kernel(
    "q k v mask y lse g",
    "dq dk dv",
    "n tq tk d dv causal masked ms mr scale",
    { floats: ["scale"] },
  ),
};

export const kernels = {
  ...elementwise,
  ...reductions,
  ...movement,
  ...products,
  ...pooling,
  ...normalization,
  ...random,
  ...recurrent,
  ...attention,
} satisfies Record<string, Signature>;

export type KernelName = keyof typeof kernels;
export const kernelNames = Object.keys(kernels) as KernelName[];
