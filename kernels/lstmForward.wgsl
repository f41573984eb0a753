// lstmForward: all t steps of an LSTM for `batch` sets of b sequences: a = z[s] + bias + h[s-1] wh;
// i, f, o = sigmoid(a), g = tanh(a); c[s] = f c[s-1] + i g; h[s] = o tanh(c[s]). z [batch, t, b,
// 4h], wh [h, 4h] and bias [4h] (a set's own when ws is not 0), h0 and c0 [batch, b, h]; out hs
// [batch, t, b, h] and cells [batch, t, b, 5h]: i f g o c. masked: where mask [batch, t, b] is 0, h
// and c stay and the gates in cells are 0. For h up to 256.
// WIDTH invocations keep one sequence, one an element of h, 256 / WIDTH sequences a workgroup; h of
// the step before lies in shared memory, c in a register: one dispatch for all steps.
// Grid: ceil(batch * b / (256 / WIDTH)) workgroups, folded into y above 65,535.
override WIDTH: u32 = 128; // a power of two, at least h
struct Params { batch: u32, t: u32, b: u32, h: u32, masked: u32, ws: u32, inf: f32, nan: f32 }
@group(0) @binding(0) var<storage, read> z: array<f32>;
@group(0) @binding(1) var<storage, read> wh: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> h0: array<f32>;
@group(0) @binding(4) var<storage, read> c0: array<f32>;
@group(0) @binding(5) var<storage, read> mask: array<i32>;
@group(0) @binding(6) var<storage, read_write> hs: array<f32>;
@group(0) @binding(7) var<storage, read_write> cells: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;
var<workgroup> before: array<f32, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  INF = p.inf;
  NAN = p.nan;
  let row = (group.y * groups.x + group.x) * (256u / WIDTH) + lane / WIDTH;
  let j = lane % WIDTH;
  let first = lane - j; // this sequence's place in shared memory
  let inside = row < p.batch * p.b && j < p.h;
  let batch = row / p.b;
  let r = row % p.b;
  let weights = batch * p.ws + j;
  let own = select(0u, batch * 4u * p.h, p.ws > 0u) + j;
  var h = 0.0;
  var c = 0.0;
  if (inside) {
    h = h0[row * p.h + j];
    c = c0[row * p.h + j];
  }
  for (var s = 0u; s < p.t; s++) {
    workgroupBarrier(); // the last step's reads are done
    before[lane] = h;
    workgroupBarrier();
    let at = (batch * p.t + s) * p.b + r;
    if (inside) {
      var live = true;
      if (p.masked == 1u) { live = mask[at] != 0; }
      var gates = vec4f();
      if (live) {
        let zAt = at * 4u * p.h + j;
        var a = vec4f(z[zAt], z[zAt + p.h], z[zAt + 2u * p.h], z[zAt + 3u * p.h]);
        a += vec4f(bias[own], bias[own + p.h], bias[own + 2u * p.h], bias[own + 3u * p.h]);
        for (var k = 0u; k < p.h; k++) {
          let w = weights + k * 4u * p.h;
          a += before[first + k] * vec4f(wh[w], wh[w + p.h], wh[w + 2u * p.h], wh[w + 3u * p.h]);
        }
        gates = vec4f(sigmoidOf(a.x), sigmoidOf(a.y), tanhOf(a.z), sigmoidOf(a.w));
        c = gates.y * c + gates.x * gates.z;
        h = gates.w * tanhOf(c);
      }
      let to = at * 5u * p.h + j;
      cells[to] = gates.x;
      cells[to + p.h] = gates.y;
      cells[to + 2u * p.h] = gates.z;
      cells[to + 3u * p.h] = gates.w;
      cells[to + 4u * p.h] = c;
      hs[at * p.h + j] = h;
    }
  }
}
