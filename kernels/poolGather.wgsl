// poolGather: out[n, oh, ow, c] = x[n, idx[n, oh, ow, c], c], x [n, h * w, c], on 32-bit words.
// One invocation moves one element. A bad index reads 0.
// Grid: ceil(n * oh * ow * c / 256) workgroups, folded into y above 65,535.
struct Params {
  n: u32, h: u32, w: u32, c: u32, kh: u32, kw: u32, oh: u32, ow: u32,
  sh: u32, sw: u32, ph: u32, pw: u32,
}
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> idx: array<i32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let element = (group.y * groups.x + group.x) * 256u + lane;
  let c = element % p.c;
  let image = element / p.c / p.ow / p.oh;
  if (image < p.n) {
    let pixel = u32(idx[element]);
    var v = 0u;
    if (pixel < p.h * p.w) { v = x[(image * p.h * p.w + pixel) * p.c + c]; }
    out[element] = v;
  }
}
