// maxPoolIndex: idx[n, oh, ow, c] = row * w + column in x [n, h, w, c] of the first maximum of the
// window kh x kw at (oh sh - ph, ow sw - pw). Padding is never chosen; NaN is a maximum.
// One invocation walks one window; neighbours take neighbouring channels.
// Grid: ceil(n * oh * ow * c / 256) workgroups, folded into y above 65,535.
struct Params {
  n: u32, h: u32, w: u32, c: u32, kh: u32, kw: u32, oh: u32, ow: u32,
  sh: u32, sw: u32, ph: u32, pw: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<i32>;
@group(0) @binding(2) var<uniform> p: Params;

fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let element = (group.y * groups.x + group.x) * 256u + lane;
  let c = element % p.c;
  let ox = (element / p.c) % p.ow;
  let oy = (element / p.c / p.ow) % p.oh;
  let image = element / p.c / p.ow / p.oh;
  if (image < p.n) {
    let top = i32(oy * p.sh) - i32(p.ph);
    let left = i32(ox * p.sw) - i32(p.pw);
    let first = vec2u(vec2i(max(top, 0), max(left, 0)));
    let last = vec2u(vec2i(
      clamp(top + i32(p.kh), 0, i32(p.h)),
      clamp(left + i32(p.kw), 0, i32(p.w)),
    ));
    var best = 0u;
    var held = 0.0;
    var found = false;
    for (var iy = first.x; iy < last.x; iy++) {
      for (var ix = first.y; ix < last.y; ix++) {
        let v = x[((image * p.h + iy) * p.w + ix) * p.c + c];
        if (!found || (!isNan(held) && (isNan(v) || v > held))) {
          best = iy * p.w + ix;
          held = v;
          found = true;
        }
      }
    }
    out[element] = i32(best);
  }
}
