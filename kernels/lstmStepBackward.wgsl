// lstmStepBackward: step s of lstmBackward, for large h: dz[s] from the cotangents and from what
// step s + 1 left: product = dz[s+1] wh^T [batch, b, h], which a matmul has made, and states, what
// a masked step kept of dh, and dc [2, batch, b, h]; both count as 0 at the last step.
// One invocation computes one element of h.
// Grid: ceil(batch * b * h / 256) workgroups, folded into y above 65,535.
struct Params {
  batch: u32, t: u32, b: u32, h: u32, masked: u32, more: u32, s: u32, inf: f32, nan: f32,
}
@group(0) @binding(0) var<storage, read> cells: array<f32>;
@group(0) @binding(1) var<storage, read> c0: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<i32>;
@group(0) @binding(3) var<storage, read> gh: array<f32>;
@group(0) @binding(4) var<storage, read> gcells: array<f32>;
@group(0) @binding(5) var<storage, read> product: array<f32>;
@group(0) @binding(6) var<storage, read_write> dz: array<f32>;
@group(0) @binding(7) var<storage, read_write> states: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  INF = p.inf;
  NAN = p.nan;
  let element = (group.y * groups.x + group.x) * 256u + lane;
  let count = p.batch * p.b * p.h;
  if (element < count) {
    let j = element % p.h;
    let row = element / p.h;
    let at = (row / p.b * p.t + p.s) * p.b + row % p.b;
    let origin = at * 5u * p.h + j;
    var dh = gh[at * p.h + j];
    var dc = 0.0;
    if (p.s + 1u < p.t) {
      dh += states[element] + product[element];
      dc = states[count + element];
    }
    var live = true;
    if (p.masked == 1u) { live = mask[at] != 0; }
    var own = vec4f();
    if (p.more == 1u) {
      own = vec4f(
        gcells[origin], gcells[origin + p.h], gcells[origin + 2u * p.h], gcells[origin + 3u * p.h],
      );
      dc += gcells[origin + 4u * p.h];
    }
    var d = vec4f();
    if (live) {
      let gates = vec4f(
        cells[origin], cells[origin + p.h], cells[origin + 2u * p.h], cells[origin + 3u * p.h],
      );
      var before: f32;
      if (p.s == 0u) {
        before = c0[element];
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
    states[element] = dh;
    states[count + element] = dc;
  }
}
