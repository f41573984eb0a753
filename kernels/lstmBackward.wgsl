// lstmBackward: the gradients by z, h0 and c0 of lstmForward, from the cotangents gh of its h and,
// if more is 1, gcells of its cells; from step t - 1 back, dh = dc = 0 at first: dh += gh[s], dc +=
// gc[s]; dz by lstmGates.wgsl; dc = dc f, dh = dz wh^T; a masked step adds and keeps. Shapes as
// there; states is (dh0, dc0) [2, batch, b, h]. For h up to 256.
// WIDTH invocations keep one sequence, one an element of h, 256 / WIDTH sequences a workgroup;
// dz of the step lies in shared memory: one dispatch for all steps.
// Grid: ceil(batch * b / (256 / WIDTH)) workgroups, folded into y above 65,535.
override WIDTH: u32 = 128; // a power of two, at least h
struct Params {
  batch: u32, t: u32, b: u32, h: u32, masked: u32, more: u32, ws: u32, inf: f32, nan: f32,
}
@group(0) @binding(0) var<storage, read> cells: array<f32>;
@group(0) @binding(1) var<storage, read> c0: array<f32>;
@group(0) @binding(2) var<storage, read> wh: array<f32>;
@group(0) @binding(3) var<storage, read> mask: array<i32>;
@group(0) @binding(4) var<storage, read> gh: array<f32>;
@group(0) @binding(5) var<storage, read> gcells: array<f32>;
@group(0) @binding(6) var<storage, read_write> dz: array<f32>;
@group(0) @binding(7) var<storage, read_write> states: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;
var<workgroup> shared_dz: array<vec4f, 256>;

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
  let weights = batch * p.ws + j * 4u * p.h;
  var dh = 0.0;
  var dc = 0.0;
  for (var step = 0u; step < p.t; step++) {
    let s = p.t - 1u - step;
    let at = (batch * p.t + s) * p.b + row % p.b;
    var d = vec4f();
    var live = false;
    if (inside) {
      live = true;
      if (p.masked == 1u) { live = mask[at] != 0; }
      let origin = at * 5u * p.h + j;
      dh += gh[at * p.h + j];
      var own = vec4f();
      if (p.more == 1u) {
        own = vec4f(
          gcells[origin],
          gcells[origin + p.h],
          gcells[origin + 2u * p.h],
          gcells[origin + 3u * p.h],
        );
        dc += gcells[origin + 4u * p.h];
      }
      if (live) {
        let gates = vec4f(
          cells[origin], cells[origin + p.h], cells[origin + 2u * p.h], cells[origin + 3u * p.h],
        );
        var before: f32;
        if (s == 0u) {
          before = c0[row * p.h + j];
        } else {
          before = cells[origin + 4u * p.h - p.b * 5u * p.h];
        }
        let gradient = gradientOf(Cell(gates, cells[origin + 4u * p.h], before, own), dh, dc);
        d = gradient.dz;
        dc = gradient.dc;
        dh = 0.0;
      }
      let to = at * 4u * p.h + j;
      dz[to] = d.x;
      dz[to + p.h] = d.y;
      dz[to + 2u * p.h] = d.z;
      dz[to + 3u * p.h] = d.w;
    }
    workgroupBarrier(); // the last step's reads are done
    shared_dz[lane] = d;
    workgroupBarrier();
    if (live) {
      for (var q = 0u; q < p.h; q++) {
        let w = weights + q;
        let column = vec4f(wh[w], wh[w + p.h], wh[w + 2u * p.h], wh[w + 3u * p.h]);
        dh += dot(shared_dz[first + q], column);
      }
    }
  }
  if (inside) {
    states[row * p.h + j] = dh;
    states[(p.batch * p.b + row) * p.h + j] = dc;
  }
}
