// Spoken digits by a Transformer over log-mel frames: recordings 0 to 4 of each speaker and digit
// are for the test, as the data's own rule says.

import { data, nn } from "hypergrad";
import { classifier, clipped, type Loaded, schooled, type Task } from "./task";

const MELS = 40;
/** Frames of a batch are a multiple of it: each new length makes a new program. */
const MULTIPLE = 16;

interface Recording {
  readonly digit: number;
  readonly test: boolean;
  readonly samples: Float32Array;
}

function loaded(recordings: readonly Recording[], rate: number): Loaded {
  const framed = (part: readonly Recording[], most: number) => {
    const frames = data.logMel({ rate, mels: MELS, frame: 0.032, hop: 0.01 });
    return part.map(({ samples }) => level(frames(samples.subarray(0, Math.round(most * rate)))));
  };
  const parts = [false, true].map((test) => recordings.filter((r) => r.test === test));
  return {
    about:
      `${parts[0].length} training and ${parts[1].length} test recordings of 10 digits, ` +
      `${rate} Hz, ${MELS} log-mel bands every 10 ms`,
    runs: (seed, settings) => {
      const [train, test] = parts.map((part) => framed(part, settings.seconds));
      const batchesOf = (i: number, frames: data.HostArray[], size: number, own?: number) =>
        data.batches({
          ...{ count: frames.length, size, seed: own },
          lengths: frames.map(({ shape }) => shape[0]),
          collate: (ids, random) => {
            const chosen =
              own === undefined ? frames : changed(frames, ids, (n) => random.integer(n), settings);
            const y = Int32Array.from(ids, (id) => parts[i][id].digit);
            return {
              ...data.frameBatch(chosen, ids, { multiple: MULTIPLE }),
              y: { data: y, shape: [ids.length] },
            };
          },
        });
      const batches = batchesOf(0, train, settings.batch, seed);
      const { size, heads, layers, dropout, smoothing } = settings;
      const net = nn.models.speechTransformer({
        ...{ mels: MELS, classes: 10, size, heads, layers, dropout, units: 2 * size },
      });
      return [
        {
          ...classifier(net, { smoothing }),
          optimizer: schooled(settings, batches.perEpoch),
          gradients: clipped(settings),
          train: batches,
          test: batchesOf(1, test, 100),
        },
      ];
    },
  };
}

/** Frames with mean 0 and deviation 1 over the whole recording: how loud it was says nothing. */
function level({ data: x, shape }: data.HostArray): data.HostArray {
  const values = x as Float32Array;
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const square = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  const scale = 1 / Math.sqrt(square + 1e-6);
  return { data: values.map((v) => (v - mean) * scale), shape };
}

/** The chosen sequences with a stretch of frames and one of bands set to 0 (Park et al. 2019). */
function changed(
  frames: readonly data.HostArray[],
  ids: readonly number[],
  below: (n: number) => number,
  { maskFrames, maskBands }: { readonly [name: string]: number },
): data.HostArray[] {
  const made = [...frames];
  for (const id of ids) {
    const { data: x, shape } = frames[id];
    const values = Float32Array.from(x);
    const [t, mels] = shape;
    const long = Math.min(below(maskFrames + 1), t >> 1);
    const start = below(t - long + 1);
    values.fill(0, start * mels, (start + long) * mels);
    const wide = below(maskBands + 1);
    const band = below(mels - wide + 1);
    for (let i = 0; i < t; i++) values.fill(0, i * mels + band, i * mels + band + wide);
    made[id] = { data: values, shape };
  }
  return made;
}

interface Index {
  readonly recordings: readonly (readonly [
    digit: number,
    speaker: number,
    recording: number,
    offset: number,
    length: number,
  ])[];
}

async function recorded(folder: string): Promise<Recording[]> {
  const text = new TextDecoder().decode(await data.readBytes(`${folder}/fsdd.json`));
  const { recordings } = JSON.parse(text) as Index;
  const file = `${folder}/fsdd_pcm16.bin.gz`;
  const all = data.pcm16(await data.readUnpacked(file), file);
  return recordings.map(([digit, , recording, offset, length]) => ({
    digit,
    test: recording < 5,
    samples: all.subarray(offset, offset + length),
  }));
}

/** Digits as chords: two tones each, with some noise, of different lengths. */
function generated(): Recording[] {
  return Array.from({ length: 240 }, (_, i) => {
    const digit = i % 10;
    const length = 2000 + ((i * 613) % 1600);
    const pitch = 1 + ((i * 7) % 5) / 50;
    const samples = Float32Array.from({ length }, (_, k) => {
      const t = (2 * Math.PI * k) / 8000;
      const tones = Math.sin(300 * pitch * (1 + digit) * t) + Math.sin(170 * (12 - digit) * t);
      return 0.2 * tones + 0.02 * Math.sin(k * k * 0.37 + i);
    });
    return { digit, test: i >= 200, samples };
  });
}

export const speech: Task = {
  name: "speech",
  title: "spoken digits, Transformer over log-mel frames",
  goal: 0.93,
  folder: "fsdd",
  settings: {
    ...{ epochs: 12, batch: 32, lr: 2e-3, weightDecay: 0.05, dropout: 0.1, smoothing: 0.1 },
    ...{ size: 64, heads: 4, layers: 2, seconds: 1, maskFrames: 8, maskBands: 6, clip: 1 },
  },
  small: { epochs: 8, batch: 20, size: 32, maskFrames: 2, maskBands: 2 },
  load: async (folder) => loaded(folder ? await recorded(folder) : generated(), 8000),
};
