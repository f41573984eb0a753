// Sound as numbers in [-1, 1): WAV files and bare 16-bit samples; a file whose header promises more
// than it holds is an error that names the byte.

import { ValueError } from "../core/errors";
import { nameOf, readUnpacked, type Source } from "./source";

export interface Sound {
  /** Samples of one channel; several are averaged. */
  readonly samples: Float32Array;
  /** Samples a second. */
  readonly rate: number;
}

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/** The sound of a WAV file: 8, 16, 24 or 32 bits, or 32-bit floats. Throws a ValueError that names
 * the file and the byte for what is none or is cut short. */
export async function wav(source: Source, name = nameOf(source)): Promise<Sound> {
  return decodeWav(await readUnpacked(source, name), name);
}

/** The sound of the bytes of a WAV file. */
export function decodeWav(bytes: Uint8Array, name = "an array of bytes"): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wrong = (what: string) =>
    new ValueError(`wav: ${name} is no WAV file or is damaged: ${what}. Convert it again.`);
  const tag = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || tag(0) !== "RIFF" || tag(8) !== "WAVE") {
    throw wrong(`its first bytes are "${tag(0)}", "${tag(8)}", not "RIFF", "WAVE"`);
  }
  let form: { kind: number; channels: number; rate: number; bits: number } | null = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    if (start + size > bytes.length) {
      throw wrong(
        `part "${tag(at)}" at byte ${at} has ${size} bytes, ${bytes.length - start} are there`,
      );
    }
    if (tag(at) === "fmt ") {
      if (size < 16) throw wrong(`part "fmt " at byte ${at} has ${size} bytes, not 16 or more`);
      const kind = view.getUint16(start, true);
      form = {
        kind: kind === EXTENSIBLE && size >= 26 ? view.getUint16(start + 24, true) : kind,
        channels: view.getUint16(start + 2, true),
        rate: view.getUint32(start + 4, true),
        bits: view.getUint16(start + 14, true),
      };
    } else if (tag(at) === "data") {
      if (form === null) throw wrong(`its samples, at byte ${at}, come before part "fmt "`);
      const { kind, channels, rate, bits } = form;
      const known = kind === PCM ? [8, 16, 24, 32].includes(bits) : kind === FLOAT && bits === 32;
      if (!known || channels < 1 || rate < 1) {
        throw wrong(`kind ${kind} of ${bits} bits, ${channels} channels, rate ${rate} is not read`);
      }
      const count = Math.floor(size / (channels * (bits / 8)));
      const samples = new Float32Array(count);
      for (let i = 0; i < count; i++) {
        let sum = 0;
        for (let c = 0; c < channels; c++) {
          sum += sampleAt(view, start + (i * channels + c) * (bits / 8), kind, bits);
        }
        samples[i] = sum / channels;
      }
      return { samples, rate };
    }
    at = start + size + (size % 2); // parts begin at even bytes
  }
  throw wrong(`it ends at byte ${bytes.length} without part "data"`);
}

function sampleAt(view: DataView, at: number, kind: number, bits: number): number {
  if (kind === FLOAT) return view.getFloat32(at, true);
  if (bits === 8) return (view.getUint8(at) - 128) / 128;
  if (bits === 16) return view.getInt16(at, true) / 2 ** 15;
  if (bits === 32) return view.getInt32(at, true) / 2 ** 31;
  return (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23;
}

/** Samples of 16 bits, little-endian, as numbers. Throws a ValueError for half a sample at the
 * end. */
export function pcm16(bytes: Uint8Array, name = "an array of bytes"): Float32Array {
  if (bytes.length % 2 !== 0) {
    throw new ValueError(
      `pcm16: ${name} ends amid a sample: it has ${bytes.length} bytes, two make one. Check it.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from(
    { length: bytes.length / 2 },
    (_, i) => view.getInt16(2 * i, true) / 2 ** 15,
  );
}
