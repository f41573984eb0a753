// cumsum: out[o, j, i] = sum of x[o, 0..j, i], or of x[o, j..n-1, i] in reverse; [outer, n, inner].
// One workgroup takes one line (o, i), or with parts > 1 the chunk of j of one part of it, and
// begins with carry[o, part - 1, i] (reverse: part + 1), the sum of all parts before. It walks in
// slices of 1,024: four values an invocation, then a scan of the 256 sums in shared memory.
// Grid: outer * inner * parts workgroups, folded into y above 65,535.
struct Params { outer: u32, n: u32, inner: u32, reverse: u32, parts: u32, chunk: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> carry: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = group.y * groups.x + group.x;
  let part = id % p.parts;
  let line = id / p.parts;
  let o = line / p.inner;
  let i = line % p.inner;
  let inside = o < p.outer;
  let start = part * p.chunk;
  let end = min(p.n, start + p.chunk);
  let count = end - min(start, end);
  let before = select(part - 1u, part + 1u, p.reverse == 1u); // wraps below 0: no part
  var total = 0.0;
  if (inside && before < p.parts) { total = carry[(o * p.parts + before) * p.inner + i]; }
  for (var slice = 0u; slice < count; slice += 1024u) {
    var v: array<f32, 4>;
    var s = 0.0;
    for (var e = 0u; e < 4u; e++) {
      let step = slice + lane * 4u + e;
      let j = select(start + step, end - 1u - step, p.reverse == 1u);
      if (inside && step < count) { s += x[(o * p.n + j) * p.inner + i]; }
      v[e] = s;
    }
    sums[lane] = s;
    for (var w = 1u; w < 256u; w <<= 1u) {
      workgroupBarrier();
      var t = sums[lane];
      if (lane >= w) { t += sums[lane - w]; }
      workgroupBarrier();
      sums[lane] = t;
    }
    workgroupBarrier();
    var base = total;
    if (lane > 0u) { base += sums[lane - 1u]; }
    for (var e = 0u; e < 4u; e++) {
      let step = slice + lane * 4u + e;
      let j = select(start + step, end - 1u - step, p.reverse == 1u);
      if (inside && step < count) { out[(o * p.n + j) * p.inner + i] = base + v[e]; }
    }
    total += sums[255];
    workgroupBarrier(); // sums[255] is read before the next slice writes it
  }
}
