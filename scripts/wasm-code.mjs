// A WebAssembly binary as bytes: its sections, its functions' instructions, and the two spellings
// of a fused multiply-add, between which src/device/wasm/relax.ts turns one into the other.

/** Ids of sections, and the type of a vector. */
const [TYPE, FUNCTION, START, CODE, DATA, DATA_COUNT] = [1, 3, 8, 10, 11, 12];
const V128 = 0x7b;

/** relaxed_madd and relaxed_nmadd, in Binaryen's and our order. */
const [MADD, NMADD] = [0x105, 0x106];

function reader(bytes, at = 0) {
  const r = {
    at,
    byte: () => bytes[r.at++],
    skip: (count) => {
      r.at += count;
    },
    /** An unsigned number; signed ones are only passed over. */
    number: () => {
      let [n, shift, byte] = [0, 0, 0];
      do {
        byte = bytes[r.at++];
        n |= (byte & 127) << shift;
        shift += 7;
      } while (byte > 127);
      return n >>> 0;
    },
  };
  return r;
}

function number(n) {
  const bytes = [];
  for (; n > 127; n >>>= 7) bytes.push((n & 127) | 128);
  return [...bytes, n];
}

/** A number below 2^14 in two bytes, however small. */
const inTwo = (n) => [(n & 127) | 128, n >> 7];

function sections(bytes) {
  const r = reader(bytes, 8);
  const found = [];
  while (r.at < bytes.length) {
    const [id, size] = [r.byte(), r.number()];
    found.push({ id, content: bytes.subarray(r.at, r.at + size) });
    r.skip(size);
  }
  return found;
}

function module(list) {
  const parts = [Buffer.from("\0asm\x01\0\0\0", "latin1")];
  for (const { id, content } of list) {
    parts.push(Buffer.from([id, ...number(content.length)]), Buffer.from(content));
  }
  return Buffer.concat(parts);
}

/** Without what runs and what is written when a module is instantiated. */
export function withoutStart(bytes) {
  return module(sections(bytes).filter(({ id }) => ![START, DATA, DATA_COUNT].includes(id)));
}

/** Passes over one instruction; gives its code, of vectors beyond 0xfd00. */
function pass(r) {
  const code = r.byte();
  const numbers = (count) => {
    for (let i = 0; i < count; i++) r.number();
  };
  if (code === 0x0e) numbers(r.number() + 1);
  else if (code === 0x1c) numbers(r.number());
  else if (code === 0x11 || (code >= 0x28 && code <= 0x3e)) numbers(2);
  else if (code === 0x43) r.skip(4);
  else if (code === 0x44) r.skip(8);
  else if (code === 0xfc) numbers([0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1][r.number()]);
  else if (code === 0xfe) numbers(r.number() === 3 ? 1 : 2);
  else if (code === 0xfd) return 0xfd00 + passVector(r, numbers);
  else if ((code >= 2 && code <= 4) || [0x0c, 0x0d, 0x10].includes(code)) numbers(1);
  else if ((code >= 0x20 && code <= 0x26) || (code >= 0x3f && code <= 0x42)) numbers(1);
  return code;
}

function passVector(r, numbers) {
  const code = r.number();
  if (code === 12 || code === 13) r.skip(16);
  else if (code < 12 || (code >= 84 && code <= 93)) numbers(2);
  if ((code >= 21 && code <= 34) || (code >= 84 && code <= 91)) r.skip(1);
  return code;
}

/** a * b + c and c - a * b of a, b, c on the stack, with locals t and u for what is in the way. */
const apart = {
  [MADD]: (t) => [0x21, ...t, 0xfd, 0xe6, 1, 0x20, ...t, 0xfd, 0xe4, 1],
  [NMADD]: (t, u) => [
    ...[0x21, ...t, 0xfd, 0xe6, 1, 0x21, ...u],
    ...[0x20, ...t, 0x20, ...u, 0xfd, 0xe5, 1],
  ],
};

/** The binary with each relaxed instruction spelled as plain ones. */
export function plainOf(bytes) {
  const list = sections(bytes);
  const section = (id) => reader(list.find((s) => s.id === id).content);
  const types = section(TYPE);
  const params = Array.from({ length: types.number() }, () => {
    types.skip(1);
    const count = types.number();
    types.skip(count);
    types.skip(types.number());
    return count;
  });
  const functions = section(FUNCTION);
  const taken = Array.from({ length: functions.number() }, () => params[functions.number()]);
  const code = section(CODE);
  const { content } = list.find((s) => s.id === CODE);
  const bodies = Array.from({ length: code.number() }, (_, i) => {
    const end = code.number() + code.at;
    const groups = code.number();
    const start = code.at;
    let locals = taken[i];
    for (let group = 0; group < groups; group++) {
      locals += code.number();
      code.skip(1);
    }
    const declared = content.subarray(start, code.at);
    const instructions = [];
    let changed = false;
    while (code.at < end) {
      const from = code.at;
      const spelled = apart[pass(code) - 0xfd00]?.(inTwo(locals), inTwo(locals + 1));
      if (spelled !== undefined) changed = true;
      instructions.push(...(spelled ?? content.subarray(from, code.at)));
    }
    if (code.at !== end) throw new Error(`wasm-code: function ${i} ends inside an instruction`);
    const more = changed ? [2, V128] : [];
    return [...number(groups + more.length / 2), ...declared, ...more, ...instructions];
  });
  const all = [...number(bodies.length), ...bodies.flatMap((b) => [...number(b.length), ...b])];
  const plain = list.map((s) => (s.id === CODE ? { id: CODE, content: all } : s));
  return module(plain);
}
