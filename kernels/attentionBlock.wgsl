// Products of 32 rows by 32 rows for the attention kernels, which declare `operand` (an element of
// one of their arrays) and Params. Prepended to them, behind math.wgsl.
// 256 invocations: `four` = lane / 32 takes rows 4 four .. of A as a vec4, `one` = lane % 32 a row
// of B. Widths go in slices of 16 through shared memory, padded against bank conflicts.
var<workgroup> tileA: array<vec4f, 144>; // 16 columns of 8 vec4 and one to spare
var<workgroup> tileB: array<f32, 528>; // 16 columns of 32 rows and one to spare

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
  let column = lane % 16u;
  for (var x0 = 0u; x0 < width; x0 += 16u) {
    let x = x0 + column;
    workgroupBarrier(); // the last slice has been used
    if (lane < 128u) {
      let row = lane / 16u * 4u;
      tileA[column * 9u + lane / 16u] = vec4f(
        inRows(a, row, x, width),
        inRows(a, row + 1u, x, width),
        inRows(a, row + 2u, x, width),
        inRows(a, row + 3u, x, width),
      );
    }
    tileB[column * 33u + lane / 16u] = inRows(b, lane / 16u, x, width);
    tileB[column * 33u + lane / 16u + 16u] = inRows(b, lane / 16u + 16u, x, width);
    workgroupBarrier();
    for (var c = 0u; c < 16u; c++) { s += tileA[c * 9u + four] * tileB[c * 33u + one]; }
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
