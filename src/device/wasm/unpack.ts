// The inverse of `packed` in scripts/assets.mjs: bytes out of the text that they are embedded as.
// In it a common byte is one character and a rare one two, so that gzip, and brotli still more,
// make as much of it as of the bytes themselves.

/** The characters in use: those that stand in any kind of literal as they are. */
const ALPHABET = Array.from({ length: 95 }, (_, i) => 32 + i).filter(
  (code) => !"\"'`\\$<".includes(String.fromCharCode(code)),
);
/** Bytes of one character each; the other two characters begin a pair. */
const COMMON = ALPHABET.length - 2;
/** Hexadecimal digits at the beginning: a bit for each byte that is common, 4 a digit. */
const DIGITS = 64;

/** The bytes that were packed. */
export function unpack(text: string): Uint8Array<ArrayBuffer> {
  const [common, rare]: [number[], number[]] = [[], []];
  for (let byte = 0; byte < 256; byte++) {
    const bit = (Number.parseInt(text[byte >> 2], 16) >> (byte & 3)) & 1;
    (bit === 1 ? common : rare).push(byte);
  }
  const alone = new Uint8Array(128); // bytes by the codes of characters
  const places = new Uint8Array(128); // in the alphabet
  for (const [i, code] of ALPHABET.entries()) {
    alone[code] = common[i];
    places[code] = i;
  }
  const leads = ALPHABET[COMMON]; // and the next code
  const bytes = new Uint8Array(text.length);
  let end = 0;
  for (let i = DIGITS; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < leads) bytes[end++] = alone[code];
    else bytes[end++] = rare[(code - leads) * COMMON + places[text.charCodeAt(++i)]];
  }
  return bytes.slice(0, end);
}
