// Labelled images: idx pairs and CIFAR records as one plain form, [count, height, width, channels],
// one byte a value; every label is below the number of classes.

import { ValueError } from "../core/errors";
import type { Stream } from "../core/random";
import type { HostBatch } from "./batches";
import { count as bytesOf } from "./gzip";
import { idx } from "./idx";
import { nameOf, readUnpacked, type Source } from "./source";

export interface ImageSet {
  /** [count, height, width, channels], 0 to 255. */
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classes: number;
}

/** Images [count, height, width] and labels [count] of two idx files, such as MNIST's. Throws a
 * ValueError that names the file when one is none or they do not belong together. */
export async function idxImages(
  images: Source,
  labels: Source,
  { classes = 10 }: { readonly classes?: number } = {},
): Promise<ImageSet> {
  const [x, y] = await Promise.all([idx(images), idx(labels)]);
  const [image, label] = [nameOf(images), nameOf(labels)];
  if (x.shape.length !== 3 || !(x.data instanceof Uint8Array)) {
    throw new ValueError(
      `idxImages: ${image} holds no images: its sizes are [${x.shape}]. Give bytes of three sizes.`,
    );
  }
  if (y.shape.length !== 1 || !(y.data instanceof Uint8Array)) {
    throw new ValueError(
      `idxImages: ${label} holds no labels: its sizes are [${y.shape}]. Give bytes of one size.`,
    );
  }
  if (x.shape[0] !== y.shape[0]) {
    throw new ValueError(
      `idxImages: images and labels differ: ${image} has ${x.shape[0]} images, ${label} ` +
        `${y.shape[0]} labels. Give files of one set.`,
    );
  }
  checkLabels("idxImages", label, y.data, classes);
  const [count, height, width] = x.shape;
  return { images: x.data, labels: y.data, count, height, width, channels: 1, classes };
}

const SIDE = 32;
const PLANE = SIDE * SIDE;
const RECORD = 1 + 3 * PLANE;

/** Images of the CIFAR-10 binary form: records of 3073 bytes, a label and three planes of 32 x 32.
 * Throws a ValueError that names the file, and the byte where its records end or a label is none
 * of the classes. */
export async function cifarImages(
  source: Source,
  { classes = 10, name = nameOf(source) }: { classes?: number; name?: string } = {},
): Promise<ImageSet> {
  const bytes = await readUnpacked(source, name);
  const count = Math.floor(bytes.length / RECORD);
  if (count * RECORD !== bytes.length || count === 0) {
    throw new ValueError(
      `cifarImages: ${name} is cut short: ${bytesOf(bytes.length)} are ${count} records of ` +
        `${RECORD} bytes and ${bytes.length - count * RECORD} bytes more, from byte ` +
        `${count * RECORD} on. Download the file again.`,
    );
  }
  const images = new Uint8Array(count * 3 * PLANE);
  const labels = new Uint8Array(count);
  for (let n = 0; n < count; n++) {
    const at = n * RECORD;
    labels[n] = bytes[at];
    for (let p = 0; p < PLANE; p++) {
      const to = 3 * (n * PLANE + p);
      for (let c = 0; c < 3; c++) images[to + c] = bytes[at + 1 + c * PLANE + p];
    }
  }
  checkLabels("cifarImages", name, labels, classes, RECORD);
  return { images, labels, count, height: SIDE, width: SIDE, channels: 3, classes };
}

function checkLabels(
  name: string,
  file: string,
  labels: Uint8Array,
  classes: number,
  every?: number,
): void {
  const at = labels.findIndex((label) => label >= classes);
  if (at < 0) return;
  const where = every === undefined ? "" : ` (byte ${at * every})`;
  throw new ValueError(
    `${name}: no such class: ${file} has label ${labels[at]} at image ${at}${where}, there are ` +
      `${classes} classes. Use 0 to ${classes - 1}.`,
  );
}

/** How bytes become numbers: (value / 255 − mean) / deviation, of each channel. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Mean and deviation of each channel over all images, values in [0, 1]. */
export function normalizationOf({ images, channels }: ImageSet): Normalization {
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let i = 0; i < images.length; i++) {
    const v = images[i] / 255;
    sums[i % channels] += v;
    squares[i % channels] += v * v;
  }
  const n = images.length / channels;
  const mean = Array.from(sums, (s) => s / n);
  const deviation = mean.map((m, c) => Math.sqrt(Math.max(squares[c] / n - m * m, 1e-12)));
  return { mean, deviation };
}

/** Random changes of an image that keep its class. */
export interface Augmentation {
  /** Mirrors every other image, left and right. */
  readonly mirror?: boolean;
  /** Moves by up to so many pixels each way; what comes in is the mean colour. */
  readonly shift?: number;
}

/** x [n, height, width, channels] float32 and y [n] int32 of some images, for `batches`; with
 * `random` and `augment` each is changed at random. */
export function imageBatch(
  set: ImageSet,
  ids: readonly number[],
  { mean, deviation }: Normalization,
  random?: Stream,
  { mirror = false, shift = 0 }: Augmentation = {},
): HostBatch<"x" | "y"> {
  const { height, width, channels, images, labels } = set;
  const size = height * width * channels;
  const x = new Float32Array(ids.length * size);
  const scale = deviation.map((d) => 1 / (255 * d));
  const offset = mean.map((m, c) => m / deviation[c]);
  for (const [n, id] of ids.entries()) {
    const flip = mirror && random !== undefined && random.integer(2) === 1;
    const [dy, dx] = [0, 0].map(() =>
      shift > 0 && random !== undefined ? random.integer(2 * shift + 1) - shift : 0,
    );
    for (let row = 0; row < height; row++) {
      const from = row + dy;
      if (from < 0 || from >= height) continue; // 0 is the mean colour
      for (let column = 0; column < width; column++) {
        const turned = flip ? width - 1 - column : column;
        const at = turned + dx;
        if (at < 0 || at >= width) continue;
        const source = id * size + (from * width + at) * channels;
        const to = n * size + (row * width + column) * channels;
        for (let c = 0; c < channels; c++) x[to + c] = images[source + c] * scale[c] - offset[c];
      }
    }
  }
  const y = Int32Array.from(ids, (id) => labels[id]);
  return {
    x: { data: x, shape: [ids.length, height, width, channels] },
    y: { data: y, shape: [ids.length] },
  };
}
