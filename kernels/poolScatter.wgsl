// poolScatter: out[n, h, w, c] = sum of g[n, oh, ow, c] over the windows whose idx is
// row * w + column of that pixel.
// The owner gathers: one invocation sums, for one pixel, over the windows that cover it, in order.
// Grid: ceil(n * h * w * c / 256) workgroups, folded into y above 65,535.
struct Params {
  n: u32, h: u32, w: u32, c: u32, kh: u32, kw: u32, oh: u32, ow: u32,
  sh: u32, sw: u32, ph: u32, pw: u32,
}
@group(0) @binding(0) var<storage, read> g: array<f32>;
@group(0) @binding(1) var<storage, read> idx: array<i32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let element = (group.y * groups.x + group.x) * 256u + lane;
  let c = element % p.c;
  let ix = (element / p.c) % p.w;
  let iy = (element / p.c / p.w) % p.h;
  let image = element / p.c / p.w / p.h;
  if (image < p.n) {
    let pixel = i32(iy * p.w + ix);
    // The windows over row iy are those of oy in [first.x, last.x): oy sh - ph <= iy and
    // iy < oy sh - ph + kh. The same for columns.
    let y = iy + p.ph;
    let x = ix + p.pw;
    let first = vec2u(
      select(0u, (y - p.kh) / p.sh + 1u, y >= p.kh),
      select(0u, (x - p.kw) / p.sw + 1u, x >= p.kw),
    );
    let last = vec2u(min(p.oh, y / p.sh + 1u), min(p.ow, x / p.sw + 1u));
    var s = 0.0;
    for (var oy = first.x; oy < last.x; oy++) {
      for (var ox = first.y; ox < last.y; ox++) {
        let at = ((image * p.oh + oy) * p.ow + ox) * p.c + c;
        if (idx[at] == pixel) { s += g[at]; }
      }
    }
    out[element] = s;
  }
}
