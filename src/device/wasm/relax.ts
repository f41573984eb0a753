// Relaxed SIMD out of plain SIMD: the build spells each multiply-add in a way that nothing else is
// spelled in, so that one binary serves for both, and the relaxed one does the same in one step.

/** With a, b and c on the stack: instructions of plain SIMD, and the one of relaxed SIMD for them.
 * A letter is a byte of the name of a local, which has two, and the same wherever it stands. */
const SPELLINGS = [
  {
    // a * b + c: local.set t, f32x4.mul, local.get t, f32x4.add
    apart: [0x21, "t", "T", 0xfd, 0xe6, 1, 0x20, "t", "T", 0xfd, 0xe4, 1],
    fused: [0xfd, 0x85, 2],
  },
  {
    // c - a * b: local.set t, f32x4.mul, local.set u, local.get t, local.get u, f32x4.sub
    apart: [
      ...[0x21, "t", "T", 0xfd, 0xe6, 1, 0x21, "u", "U"],
      ...[0x20, "t", "T", 0x20, "u", "U", 0xfd, 0xe5, 1],
    ],
    fused: [0xfd, 0x86, 2],
  },
] as const;
const [LOCAL_SET, MUL, NOP] = [0x21, 0xe6, 1];

/** The binary with relaxed_madd and relaxed_nmadd, as long as it was. */
export function relax(plain: Uint8Array): Uint8Array<ArrayBuffer> {
  const relaxed = new Uint8Array(plain);
  for (let at = 0; at < plain.length; at++) {
    if (plain[at] !== LOCAL_SET || plain[at + 4] !== MUL) continue; // as both spellings begin
    for (const { apart, fused } of SPELLINGS) {
      if (!isAt(plain, at, apart)) continue;
      relaxed.fill(NOP, at, at + apart.length);
      relaxed.set(fused, at);
    }
  }
  return relaxed;
}

function isAt(bytes: Uint8Array, at: number, spelling: readonly (number | string)[]): boolean {
  return spelling.every((want, i) => {
    const byte = typeof want === "number" ? want : bytes[at + spelling.indexOf(want)];
    return bytes[at + i] === byte;
  });
}
