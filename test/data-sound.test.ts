// Sound: WAV files of every width, errors that name the byte, and log-mel frames that show a tone
// in its band.

import { describe, expect, test } from "vitest";
import { fourier, logMel } from "../src/data/logMel";
import { decodeWav, pcm16, wav } from "../src/data/wav";

/** A WAV file; `values` in [-1, 1), channels in turn. */
function file(
  bits: number,
  values: readonly number[],
  { kind = 1, channels = 1, rate = 8000 } = {},
) {
  const bytes = bits / 8;
  const size = values.length * bytes;
  const out = new Uint8Array(52 + size + (size % 2));
  const view = new DataView(out.buffer);
  const text = (at: number, s: string) => {
    for (let i = 0; i < 4; i++) out[at + i] = s.charCodeAt(i);
  };
  text(0, "RIFF");
  view.setUint32(4, out.length - 8, true);
  text(8, "WAVE");
  text(12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, kind, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * channels * bytes, true);
  view.setUint16(32, channels * bytes, true);
  view.setUint16(34, bits, true);
  text(36, "note"); // a part that is passed over
  text(44, "data");
  view.setUint32(48, size, true);
  for (const [i, v] of values.entries()) {
    const at = 52 + i * bytes;
    if (kind === 3) view.setFloat32(at, v, true);
    else if (bits === 8) out[at] = Math.round(v * 128) + 128;
    else if (bits === 16) view.setInt16(at, Math.round(v * 2 ** 15), true);
    else if (bits === 32) view.setInt32(at, Math.round(v * 2 ** 31), true);
    else {
      const whole = Math.round(v * 2 ** 23);
      view.setUint16(at, whole & 0xffff, true);
      view.setInt8(at + 2, whole >> 16);
    }
  }
  return out;
}

const values = [0, 0.5, -0.5, -1, 0.984375, -0.0078125];

describe("wav", () => {
  test.each([
    [8, 1],
    [16, 1],
    [24, 1],
    [32, 1],
    [32, 3],
  ])("reads %d bits of kind %d", async (bits, kind) => {
    const { samples, rate } = await wav(file(bits, values, { kind, rate: 16_000 }));
    expect(rate).toBe(16_000);
    expect(Array.from(samples)).toEqual(values);
  });

  test("averages channels", () => {
    const { samples } = decodeWav(file(16, [0.5, 0, -0.25, 0.75], { channels: 2 }));
    expect(Array.from(samples)).toEqual([0.25, 0.25]);
  });

  test("names what is no WAV file, and the byte where one is cut short", () => {
    const of = (bytes: Uint8Array) => () => decodeWav(bytes, "a.wav");
    const start = "wav: a.wav is no WAV file or is damaged: ";
    expect(of(new TextEncoder().encode("fLaC, another form"))).toThrow(
      `${start}its first bytes are "fLaC", "othe", not "RIFF", "WAVE". Convert it again.`,
    );
    expect(of(file(16, values).subarray(0, 60))).toThrow(
      `${start}part "data" at byte 44 has 12 bytes, 8 are there.`,
    );
    expect(of(file(16, values).subarray(0, 44))).toThrow(`${start}it ends at byte 44 without part`);
    expect(of(file(12 * 2, values, { kind: 7 }))).toThrow(
      `${start}kind 7 of 24 bits, 1 channels, rate 8000 is not read.`,
    );
  });

  test("bare samples of 16 bits", () => {
    expect(Array.from(pcm16(Uint8Array.of(0, 0x40, 0, 0x80)))).toEqual([0.5, -1]);
    expect(() => pcm16(Uint8Array.of(1, 2, 3), "a.raw")).toThrow(
      "pcm16: a.raw ends amid a sample: it has 3 bytes, two make one. Check it.",
    );
  });
});

test("fourier is the sum that defines it", () => {
  const n = 16;
  const re = Float64Array.from({ length: n }, (_, i) => Math.sin(i * i) + 0.3);
  const im = Float64Array.from({ length: n }, (_, i) => Math.cos(3 * i));
  const wanted = Array.from({ length: n }, (_, k) => {
    let [a, b] = [0, 0];
    for (let i = 0; i < n; i++) {
      const angle = (-2 * Math.PI * i * k) / n;
      a += re[i] * Math.cos(angle) - im[i] * Math.sin(angle);
      b += re[i] * Math.sin(angle) + im[i] * Math.cos(angle);
    }
    return [a, b];
  });
  const [x, y] = [re.slice(), im.slice()];
  fourier(n)(x, y);
  for (const [k, [a, b]] of wanted.entries()) {
    expect(x[k]).toBeCloseTo(a, 10);
    expect(y[k]).toBeCloseTo(b, 10);
  }
});

describe("logMel", () => {
  const tone = (hz: number, length: number) =>
    Float32Array.from({ length }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / 8000));
  const mel = (hz: number) => 2595 * Math.log10(1 + hz / 700);

  test.each([300, 700, 1500, 3000])("a tone of %d Hz is loudest in its own band", (hz) => {
    const mels = 24;
    const { data, shape } = logMel({ rate: 8000, mels, low: 0 })(tone(hz, 2000));
    expect(shape).toEqual([23, mels]); // 1 + floor((2000 − 200) / 80)
    const place = (mel(hz) / mel(4000)) * (mels + 1) - 1;
    for (let t = 0; t < shape[0]; t++) {
      const row = Array.from(data.slice(t * mels, (t + 1) * mels));
      expect(Math.abs(row.indexOf(Math.max(...row)) - place)).toBeLessThan(1);
    }
  });

  test("twice the amplitude is log 4 more in every loud band", () => {
    const frames = logMel({ rate: 8000, mels: 20 });
    const quiet = tone(1000, 400);
    const [a, b] = [quiet, quiet.map((v) => 2 * v)].map((x) => frames(x).data);
    const loud = Array.from(a).flatMap((v, i) => (v > 0 ? [b[i] - v] : []));
    expect(loud.length).toBeGreaterThan(0);
    for (const d of loud) expect(d).toBeCloseTo(Math.log(4), 4);
  });

  test("pads what is shorter than a frame, and every band has a weight", () => {
    const frames = logMel({ rate: 8000, mels: 80 });
    const { data, shape } = frames(Float32Array.of(1));
    expect(shape).toEqual([1, 80]);
    const noise = Float32Array.from({ length: 200 }, (_, i) => Math.sin(i * i));
    expect(Math.min(...(frames(noise).data as Float32Array))).toBeGreaterThan(-5);
    expect(data.every(Number.isFinite)).toBe(true);
  });

  test("refuses no sample, and bands or frames that are none", () => {
    expect(() => logMel({ rate: 8000 })(new Float32Array(0))).toThrow(
      "logMel: empty sequence: there is no sample. Leave the sound out.",
    );
    expect(() => logMel({ rate: 8000, high: 5000 })).toThrow(
      "logMel: no such bands: 40 from 20 to 5000 Hz at rate 8000. Use 1 or more, between 0 and ",
    );
    expect(() => logMel({ rate: 8000, hop: 0 })).toThrow("logMel: no such frames: 0.025 s every 0");
  });
});
