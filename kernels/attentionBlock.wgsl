// Products of 32 rows by 32 rows for the attention kernels, which declare `operand` (an element of
// one of their arrays) and Params. Prepended to them, behind math.wgsl.
// 256 invocations: `four` = lane / 32 takes rows 4 four .. of A as a vec4, `one` = lane % 32 a row
// of B. Widths go in slices of 32 through shared memory, padded against bank conflicts.
var<workgroup> tileA: array<vec4f, 288>; // 32 columns of 8 vec4 and one to spare
var<workgroup> tileB: array<f32, 1056>; // 32 columns of 32 rows and one to spare

// Rows of one operand: the first, and how many there are in the block.
struct Rows { which: u32, first: u32, count: u32 }

fn inRows(rows: Rows, row: u32, x: u32, width: u32) -> f32 {
  if (row < rows.count && x < width) {
    return operand(rows.which, (rows.first + row) * width + x);
  }
  return 0.0;
}

// The products of rows 4 four .. of a with row `one` of b, over `width` columns. Reached by every
// invocation.
fn blockProduct(a: Rows, b: Rows, width: u32, lane: u32) -> vec4f {
  let four = lane / 32u;
  let one = lane % 32u;
  var s = vec4f();
  for (var x0 = 0u; x0 < width; x0 += 32u) {
    let x = x0 + one;
    workgroupBarrier(); // the last slice has been used
    tileA[one * 9u + four] = vec4f(
      inRows(a, 4u * four, x, width),
      inRows(a, 4u * four + 1u, x, width),
      inRows(a, 4u * four + 2u, x, width),
      inRows(a, 4u * four + 3u, x, width),
    );
    for (var row = four; row < 32u; row += 8u) {
      tileB[one * 33u + row] = inRows(b, row, x, width);
    }
    workgroupBarrier();
    for (var c = 0u; c < 32u; c++) { s += tileA[c * 9u + four] * tileB[c * 33u + one]; }
  }
  return s;
}

// Whether query i sees key j, both inside.
fn sees(number: u32, i: u32, j: u32) -> bool {
  if (i >= p.tq || j >= p.tk) { return false; }
  if (p.causal == 1u && j + p.tq > i + p.tk) { return false; }
  if (p.masked == 1u) { return mask[number * p.ms + i * p.mr + j] != 0; }
  return true;
}
