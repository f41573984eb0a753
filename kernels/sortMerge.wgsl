// sortMerge: joins neighbouring sorted runs of `run` places each into runs of twice the length:
// order and out are [outer, n] places into the rows of x [outer, n]. `key` is prepended, as in
// sortBlock.
// One invocation moves one place: its own rank in its run, plus the number of places of the
// other run that go before it, found by bisection.
// Grid: ceil(outer * n / 256) workgroups, folded into y above 65,535.
struct Params { outer: u32, n: u32, descending: u32, run: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let element = (group.y * groups.x + group.x) * 256u + lane;
  let row = (element / p.n) * p.n;
  let at = element % p.n;
  if (element < p.outer * p.n) {
    let down = p.descending == 1u;
    let place = order[element];
    let mine = key(x[row + place], down);
    let first = at / (2u * p.run) * (2u * p.run); // of the pair of runs
    let second = min(p.n, first + p.run);
    let left = at < second;
    let otherStart = select(first, second, left);
    var low = otherStart;
    var high = select(second, min(p.n, first + 2u * p.run), left);
    while (low < high) {
      let mid = (low + high) / 2u;
      let other = order[row + mid];
      let theirs = key(x[row + other], down);
      if (theirs < mine || (theirs == mine && other < place)) {
        low = mid + 1u;
      } else {
        high = mid;
      }
    }
    let own = at - select(second, first, left);
    out[row + first + own + low - otherStart] = place;
  }
}
