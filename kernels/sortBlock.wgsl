// sortBlock: out[o, :] = stable order of each run of SIZE values of x[o, :], x [outer, n]; the
// runs are then joined by sortMerge. One run is the whole row when n <= SIZE.
// One workgroup sorts one run: a bitonic network over (key, index) pairs in shared memory. No two
// pairs are equal, so the order is the stable one. `key` is prepended: float or integer to u32 of
// the same order; NaN is the largest in both directions.
// Grid: outer * ceil(n / SIZE) workgroups, folded into y above 65,535.
override SIZE: u32 = 1024; // a power of two from 64
override LANES: u32 = 256; // SIZE / 2, at most 256
struct Params { outer: u32, n: u32, descending: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;
var<workgroup> keys: array<u32, SIZE>;
var<workgroup> places: array<u32, SIZE>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = group.y * groups.x + group.x;
  let runs = (p.n + SIZE - 1u) / SIZE;
  let o = id / runs;
  let start = (id % runs) * SIZE;
  for (var at = lane; at < SIZE; at += LANES) {
    let j = start + at;
    keys[at] = 0xffffffffu; // behind the end: after every value, since their index is larger
    places[at] = j;
    if (o < p.outer && j < p.n) { keys[at] = key(x[o * p.n + j], p.descending == 1u); }
  }
  for (var block = 2u; block <= SIZE; block <<= 1u) {
    for (var step = block >> 1u; step > 0u; step >>= 1u) {
      workgroupBarrier();
      for (var pair = lane; pair < SIZE / 2u; pair += LANES) {
        let low = (pair / step) * step * 2u + pair % step;
        let high = low + step;
        let up = (low & block) == 0u;
        let a = keys[low];
        let b = keys[high];
        let after = a > b || (a == b && places[low] > places[high]);
        if (after == up) {
          keys[low] = b;
          keys[high] = a;
          let place = places[low];
          places[low] = places[high];
          places[high] = place;
        }
      }
    }
  }
  workgroupBarrier();
  for (var at = lane; at < SIZE; at += LANES) {
    if (o < p.outer && start + at < p.n) { out[o * p.n + start + at] = places[at]; }
  }
}
