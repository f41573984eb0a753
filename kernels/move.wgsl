// move: out[outStart + i0 o0 + .. + i5 o5] = x[xStart + i0 s0 + .. + i5 s5] for every index
// (i0 .. i5) below (d0 .. d5), on 32-bit words of any type; strides may be 0 or negative.
// One invocation moves one element; the last axis varies fastest. Axes of size 1 come first:
// with rank axes in use no others are looked at, since divisions are what this kernel pays for.
// Grid: ceil(n / 256) workgroups, n = d0 * .. * d5, folded into y above 65,535.
struct Params {
  n: u32, rank: u32,
  d0: u32, d1: u32, d2: u32, d3: u32, d4: u32, d5: u32,
  xStart: i32, s0: i32, s1: i32, s2: i32, s3: i32, s4: i32, s5: i32,
  outStart: i32, o0: i32, o1: i32, o2: i32, o3: i32, o4: i32, o5: i32,
}
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let element = (group.y * groups.x + group.x) * 256u + lane;
  if (element < p.n) {
    var rest = element;
    var s = p.xStart;
    var o = p.outStart;
    if (p.rank > 1u) {
      let i5 = i32(rest % p.d5);
      rest /= p.d5;
      s += i5 * p.s5;
      o += i5 * p.o5;
      if (p.rank > 2u) {
        let i4 = i32(rest % p.d4);
        rest /= p.d4;
        s += i4 * p.s4;
        o += i4 * p.o4;
        if (p.rank > 3u) {
          let i3 = i32(rest % p.d3);
          rest /= p.d3;
          s += i3 * p.s3;
          o += i3 * p.o3;
          if (p.rank > 4u) {
            let i2 = i32(rest % p.d2);
            rest /= p.d2;
            let i1 = i32(rest % p.d1);
            let i0 = i32(rest / p.d1);
            s += i2 * p.s2 + i1 * p.s1 + i0 * p.s0;
            o += i2 * p.o2 + i1 * p.o1 + i0 * p.o0;
          } else {
            s += i32(rest) * p.s2;
            o += i32(rest) * p.o2;
          }
        } else {
          s += i32(rest) * p.s3;
          o += i32(rest) * p.o3;
        }
      } else {
        s += i32(rest) * p.s4;
        o += i32(rest) * p.o4;
      }
    } else {
      s += i32(rest) * p.s5;
      o += i32(rest) * p.o5;
    }
    out[u32(o)] = x[u32(s)];
  }
}
