// Draws pen strokes, chains of cubic Bezier curves, anti-aliased into bytes. Plain arithmetic and
// square roots only: the same bytes in every runtime.

export type Point = readonly [x: number, y: number];

/** Short straight pieces that stand for one curve. */
const PIECES = 10;

/** Draws strokes (3 n + 1 points each, in pixels, y down) with a round pen of `radius` pixels into
 * `out`, [size, size], ink 255; what is already drawn stays where it is darker. */
export function drawStrokes(
  strokes: readonly (readonly Point[])[],
  radius: number,
  out: Uint8Array,
  size: number,
): void {
  for (const stroke of strokes) {
    for (let i = 0; i + 3 < stroke.length; i += 3) {
      let [x, y] = stroke[i];
      for (let j = 1; j <= PIECES; j++) {
        const [u, v] = bezier(stroke, i, j / PIECES);
        drawPiece(x, y, u, v, radius, out, size);
        x = u;
        y = v;
      }
    }
  }
}

function bezier(p: readonly Point[], i: number, t: number): Point {
  const s = 1 - t;
  const a = s * s * s;
  const b = 3 * s * s * t;
  const c = 3 * s * t * t;
  const d = t * t * t;
  return [
    a * p[i][0] + b * p[i + 1][0] + c * p[i + 2][0] + d * p[i + 3][0],
    a * p[i][1] + b * p[i + 1][1] + c * p[i + 2][1] + d * p[i + 3][1],
  ];
}

/** A pixel's ink falls from full to none over one pixel, centred on the edge of the pen. */
function drawPiece(
  x: number,
  y: number,
  u: number,
  v: number,
  radius: number,
  out: Uint8Array,
  size: number,
): void {
  const far = radius + 0.5;
  const left = Math.max(0, Math.floor(Math.min(x, u) - far));
  const right = Math.min(size - 1, Math.ceil(Math.max(x, u) + far));
  const top = Math.max(0, Math.floor(Math.min(y, v) - far));
  const bottom = Math.min(size - 1, Math.ceil(Math.max(y, v) + far));
  const dx = u - x;
  const dy = v - y;
  const length2 = dx * dx + dy * dy;
  for (let r = top; r <= bottom; r++) {
    for (let c = left; c <= right; c++) {
      const px = c + 0.5 - x;
      const py = r + 0.5 - y;
      const along = length2 > 0 ? (px * dx + py * dy) / length2 : 0;
      const t = Math.max(0, Math.min(1, along));
      const ex = px - t * dx;
      const ey = py - t * dy;
      const ink = far - Math.sqrt(ex * ex + ey * ey);
      if (ink <= 0) continue;
      const level = ink >= 1 ? 255 : Math.round(ink * 255);
      const at = r * size + c;
      if (level > out[at]) out[at] = level;
    }
  }
}
