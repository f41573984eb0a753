// The gradient by the gates of one element of one LSTM step. Prepended to the backward kernels.

// (i f g o), c, c of the step before, and the cotangents given for the first five.
struct Cell { gates: vec4f, c: f32, before: f32, own: vec4f }
// Gradients by the gates' arguments, and by c of the step before.
struct Gradient { dz: vec4f, dc: f32 }

fn gradientOf(cell: Cell, dh: f32, dcAfter: f32) -> Gradient {
  let y = tanhOf(cell.c);
  let i = cell.gates.x;
  let f = cell.gates.y;
  let g = cell.gates.z;
  let o = cell.gates.w;
  let dc = dcAfter + dh * o * (1.0 - y * y);
  let dz = vec4f(
    (dc * g + cell.own.x) * i * (1.0 - i),
    (dc * cell.before + cell.own.y) * f * (1.0 - f),
    (dc * i + cell.own.z) * (1.0 - g * g),
    (dh * y + cell.own.w) * o * (1.0 - o),
  );
  return Gradient(dz, dc * f);
}
