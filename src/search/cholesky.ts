// Cholesky factors and what is solved with them, float64, row-major [n, n]; a matrix that is not
// positive definite gives undefined, never NaN.

/** The lower factor L of A = LLᵀ (A's lower half is read), or undefined. */
export function cholesky(a: Float64Array, n: number): Float64Array | undefined {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
      if (i !== j) l[i * n + j] = sum / l[j * n + j];
      else if (sum > 0) l[i * n + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return l;
}

/** L⁻¹ b, written over b. */
export function solveLower(l: Float64Array, b: Float64Array, n: number): Float64Array {
  for (let i = 0; i < n; i++) {
    let sum = b[i];
    for (let k = 0; k < i; k++) sum -= l[i * n + k] * b[k];
    b[i] = sum / l[i * n + i];
  }
  return b;
}

/** L⁻ᵀ b, written over b. */
export function solveUpper(l: Float64Array, b: Float64Array, n: number): Float64Array {
  for (let i = n - 1; i >= 0; i--) {
    const x = b[i] / l[i * n + i];
    b[i] = x;
    for (let k = 0; k < i; k++) b[k] -= l[i * n + k] * x;
  }
  return b;
}

/** The lower half of A⁻¹ = L⁻ᵀL⁻¹. */
export function inverse(l: Float64Array, n: number): Float64Array {
  // Row j of `columns` is column j of L⁻¹, so that the products below run along rows.
  const columns = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    const at = j * n;
    columns[at + j] = 1 / l[at + j];
    for (let i = j + 1; i < n; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum -= l[i * n + k] * columns[at + k];
      columns[at + i] = sum / l[i * n + i];
    }
  }
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < n; k++) sum += columns[i * n + k] * columns[j * n + k];
      out[i * n + j] = sum;
    }
  }
  return out;
}
