// lstmStep: step s of lstmForward, for large h: the gates from z[s], bias and product = h[s-1] wh
// [batch, b, 4h], which a matmul has made; shapes as there.
// One invocation computes one element of h and c.
// Grid: ceil(batch * b * h / 256) workgroups, folded into y above 65,535.
struct Params {
  batch: u32, t: u32, b: u32, h: u32, masked: u32, ws: u32, s: u32, inf: f32, nan: f32,
}
@group(0) @binding(0) var<storage, read> z: array<f32>;
@group(0) @binding(1) var<storage, read> product: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> h0: array<f32>;
@group(0) @binding(4) var<storage, read> c0: array<f32>;
@group(0) @binding(5) var<storage, read> mask: array<i32>;
@group(0) @binding(6) var<storage, read_write> hs: array<f32>;
@group(0) @binding(7) var<storage, read_write> cells: array<f32>;
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
  if (element < p.batch * p.b * p.h) {
    let j = element % p.h;
    let row = element / p.h;
    let batch = row / p.b;
    let at = (batch * p.t + p.s) * p.b + row % p.b;
    var h: f32;
    var c: f32;
    if (p.s == 0u) {
      h = h0[element];
      c = c0[element];
    } else {
      h = hs[(at - p.b) * p.h + j];
      c = cells[(at - p.b) * 5u * p.h + 4u * p.h + j];
    }
    var live = true;
    if (p.masked == 1u) { live = mask[at] != 0; }
    var gates = vec4f();
    if (live) {
      let zAt = at * 4u * p.h + j;
      let own = select(0u, batch * 4u * p.h, p.ws > 0u) + j;
      let origin = row * 4u * p.h + j;
      var a = vec4f(z[zAt], z[zAt + p.h], z[zAt + 2u * p.h], z[zAt + 3u * p.h]);
      a += vec4f(bias[own], bias[own + p.h], bias[own + 2u * p.h], bias[own + 3u * p.h]);
      a += vec4f(
        product[origin],
        product[origin + p.h],
        product[origin + 2u * p.h],
        product[origin + 3u * p.h],
      );
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
