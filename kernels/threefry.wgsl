// threefry: random words by Threefry-2x32 with 20 rounds (Salmon et al. 2011), integers only, so
// equal on every device. key is [b, 2].
// SPLIT false (randomBits): out[b, i] = word i % 2 of the result at counter (i / 2, 0), i below n.
// SPLIT true (splitKey): out[b, j, 0..1] = both words at counter (j, 1), j below n.
// One invocation computes one pair of words.
// Grid: ceil(b * pairs / 256) workgroups, pairs = SPLIT ? n : ceil(n / 2), folded into y above
// 65,535.
override SPLIT = false;
struct Params { b: u32, n: u32 }
@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

// Four rounds; rotations by r.
fn rounds(start: vec2u, r: vec4u) -> vec2u {
  var x = start;
  for (var i = 0u; i < 4u; i++) {
    x.x += x.y;
    x.y = ((x.y << r[i]) | (x.y >> (32u - r[i]))) ^ x.x;
  }
  return x;
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let pairs = select((p.n + 1u) / 2u, p.n, SPLIT);
  let id = (group.y * groups.x + group.x) * 256u + lane;
  if (id < p.b * pairs) {
    let b = id / pairs;
    let i = id % pairs;
    let k = vec3u(
      keys[2u * b],
      keys[2u * b + 1u],
      keys[2u * b] ^ keys[2u * b + 1u] ^ 0x1bd11bdau,
    );
    let even = vec4u(13u, 15u, 26u, 6u);
    let odd = vec4u(17u, 29u, 16u, 24u);
    var x = vec2u(i, select(0u, 1u, SPLIT)) + k.xy;
    x = rounds(x, even) + vec2u(k.y, k.z + 1u);
    x = rounds(x, odd) + vec2u(k.z, k.x + 2u);
    x = rounds(x, even) + vec2u(k.x, k.y + 3u);
    x = rounds(x, odd) + vec2u(k.y, k.z + 4u);
    x = rounds(x, even) + vec2u(k.z, k.x + 5u);
    let at = b * select(p.n, 2u * p.n, SPLIT) + 2u * i;
    out[at] = x.x;
    if (SPLIT || 2u * i + 1u < p.n) { out[at + 1u] = x.y; }
  }
}
