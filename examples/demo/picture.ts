// Grey images as PNG data URIs, so that a report is one file.

import { PNG } from "pngjs";

/** A data URI of ink on white paper: `pixels` is [height, width], 1 = ink. */
export function pictureOf(pixels: ArrayLike<number>, height: number, width: number): string {
  const png = new PNG({ width, height, colorType: 0 });
  for (let i = 0; i < height * width; i++) {
    const grey = Math.round(255 * (1 - pixels[i]));
    png.data.set([grey, grey, grey, 255], 4 * i);
  }
  return `data:image/png;base64,${PNG.sync.write(png, { colorType: 0 }).toString("base64")}`;
}
