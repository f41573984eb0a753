// Sort keys: unsigned integers in the order of the values. Prepended to sortBlock and sortMerge,
// which take one of the two as `key`.

// NaN is last in both directions; -0 and 0 are equal.
fn floatKey(word: u32, descending: bool) -> u32 {
  if ((word & 0x7fffffffu) > 0x7f800000u) { return 0xffffffffu; }
  let bits = select(word, 0u, word == 0x80000000u);
  let up = bits ^ select(0x80000000u, 0xffffffffu, (bits >> 31u) == 1u);
  return select(up, ~up, descending);
}

fn intKey(word: u32, descending: bool) -> u32 {
  let up = word ^ 0x80000000u;
  return select(up, ~up, descending);
}
