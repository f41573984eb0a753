// Small generated image sets of the forms of the real ones, for runs without --data: each class is
// an invented character, on coloured ones in its own colours.

import { data } from "hypergrad";

interface Form {
  readonly seed: number;
  readonly classes: number;
  readonly train: number;
  readonly test: number;
}

/** Grey images of 28 x 28, ink on black. */
export function greyImages({ seed, classes, train, test }: Form): data.ImageSet[] {
  const pool = data.characters({ seed, classes, perClass: train + test });
  return [0, train].map((from, part) => {
    const each = part === 0 ? train : test;
    const images = new Uint8Array(each * classes * 784);
    const labels = new Uint8Array(each * classes);
    for (let i = 0; i < labels.length; i++) {
      const c = i % classes;
      images.set(data.imageOf(pool, c, from + Math.floor(i / classes)), i * 784);
      labels[i] = c;
    }
    return { images, labels, count: labels.length, height: 28, width: 28, channels: 1, classes };
  });
}

/** Coloured images of 32 x 32: the grey ones with a margin, ink and ground of two colours. */
export function colourImages(form: Form): data.ImageSet[] {
  return greyImages(form).map(({ images: grey, labels, count, classes }) => {
    const images = new Uint8Array(count * 32 * 32 * 3);
    for (let n = 0; n < count; n++) {
      for (let p = 0; p < 32 * 32; p++) {
        const [row, column] = [Math.floor(p / 32) - 2, (p % 32) - 2];
        const inside = row >= 0 && row < 28 && column >= 0 && column < 28;
        const ink = inside ? grey[n * 784 + row * 28 + column] / 255 : 0;
        for (let c = 0; c < 3; c++) {
          const ground = 40 + ((n * (c + 3) * 37) % 80);
          const colour = 255 - ((labels[n] * (c + 1) * 61) % 120);
          images[3 * (n * 1024 + p) + c] = ground + ink * (colour - ground);
        }
      }
    }
    return { images, labels, count, height: 32, width: 32, channels: 3, classes };
  });
}
