// An embedded stand-in for Omniglot: invented characters of two to five pen strokes, drawn many
// times by an unsteady hand. Only + - * / and square roots are used, so that every runtime draws
// the same bytes from the same seed.

import { needWhole, optionsOf } from "../core/options";
import { type Stream, stream } from "../core/random";
import { type ClassPool, classPool } from "./pool";
import { drawStrokes, type Point } from "./strokes";

const SIZE = 28;

export interface CharacterOptions {
  seed: number;
  /** Characters; 400 when not given. */
  classes?: number;
  /** Drawings of each; 20 when not given. */
  perClass?: number;
}

/** A pool of invented characters, 28 x 28, ink 255 on 0. Class c is a function of (seed, c) alone
 * and its first drawings do not change with `perClass`. Throws a ValueError for counts below 1. */
export function characters(options: CharacterOptions): ClassPool {
  optionsOf("characters", options, ["seed", "classes", "perClass"]);
  const { seed, classes = 400, perClass = 20 } = options;
  needWhole("characters", { classes, perClass }, 1);
  const images = new Uint8Array(classes * perClass * SIZE * SIZE);
  for (let c = 0; c < classes; c++) {
    const random = stream(seed, c);
    const character = invent(random);
    for (let k = 0; k < perClass; k++) {
      const at = (c * perClass + k) * SIZE * SIZE;
      const { strokes, radius } = write(character, random);
      drawStrokes(strokes, radius, images.subarray(at, at + SIZE * SIZE), SIZE);
    }
  }
  const names = Array.from({ length: classes }, (_, c) => `character ${seed}/${c}`);
  return classPool({ images, height: SIZE, width: SIZE, counts: perClass, names });
}

/** A stroke is a chain of cubic Bezier curves: 3 n + 1 points in the unit square, y down. */
type Stroke = Point[];

/** Two to five strokes. A later stroke mostly begins on, or crosses, an earlier one, as in
 * writing. */
function invent(random: Stream): Stroke[] {
  const strokes: Stroke[] = [];
  const wanted = 2 + Math.min(random.integer(3), random.integer(4)) + random.integer(2);
  for (let tries = 0; strokes.length < wanted && tries < 40; tries++) {
    const start = random.uniform() < 0.6 ? onSome(strokes, random) : somewhere(random);
    const stroke = shapes[random.integer(shapes.length)](start, random);
    if (stroke.every(([x, y]) => x > 0.02 && x < 0.98 && y > 0.02 && y < 0.98)) {
      strokes.push(stroke);
    }
  }
  return fill(strokes);
}

const somewhere = (random: Stream): Point => [
  0.1 + 0.8 * random.uniform(),
  0.1 + 0.8 * random.uniform(),
];

/** A node of an earlier stroke: an end or a corner. */
function onSome(strokes: Stroke[], random: Stream): Point {
  if (strokes.length === 0) return somewhere(random);
  const stroke = strokes[random.integer(strokes.length)];
  return stroke[3 * random.integer((stroke.length + 2) / 3)];
}

/** A point some way off, across or down more often than slanted, as in most scripts. */
function reach([x, y]: Point, least: number, most: number, random: Stream): Point {
  const length = least + (most - least) * random.uniform();
  const u = random.uniform() < 0.5 ? -1 : 1;
  const v = (2 * random.uniform() - 1) * (random.uniform() < 0.6 ? 0.2 : 1);
  const scale = length / Math.sqrt(u * u + v * v);
  const [dx, dy] = random.uniform() < 0.5 ? [u, v] : [v, u];
  return [x + dx * scale, y + dy * scale];
}

type Shape = (start: Point, random: Stream) => Stroke;

const line: Shape = (a, random) => {
  const b = reach(a, 0.3, 0.8, random);
  return [a, mix(a, b, 1 / 3), mix(a, b, 2 / 3), b];
};

/** A bow: both handles on one side. */
const arc: Shape = (a, random) => {
  const b = reach(a, 0.3, 0.7, random);
  const bulge = (random.uniform() < 0.5 ? -1 : 1) * (0.3 + 0.6 * random.uniform());
  return [a, aside(a, b, 0.2, bulge), aside(a, b, 0.8, bulge), b];
};

/** An S: handles on opposite sides. */
const wave: Shape = (a, random) => {
  const b = reach(a, 0.4, 0.8, random);
  const bulge = (random.uniform() < 0.5 ? -1 : 1) * (0.5 + 0.5 * random.uniform());
  return [a, aside(a, b, 0.3, bulge), aside(a, b, 0.7, -bulge), b];
};

/** Two straight pieces with a corner. */
const corner: Shape = (a, random) => {
  const first = line(a, random);
  const b = first[3];
  const c = reach(b, 0.25, 0.6, random);
  return [...first, mix(b, c, 1 / 3), mix(b, c, 2 / 3), c];
};

/** A line that ends in a bow. */
const hook: Shape = (a, random) => {
  const first = line(a, random);
  return [...first, ...arc(first[3], random).slice(1)];
};

/** A closed oval. 0.5523 is the handle length of a quarter circle. */
const loop: Shape = (a, random) => {
  const rx = 0.1 + 0.15 * random.uniform();
  const ry = 0.1 + 0.15 * random.uniform();
  const k = 0.5523;
  const at = (u: number, v: number): Point => [a[0] + rx * u, a[1] + ry * (v + 1)];
  return [
    ...[at(0, -1), at(k, -1), at(1, -k), at(1, 0), at(1, k), at(k, 1)],
    ...[at(0, 1), at(-k, 1), at(-1, k), at(-1, 0), at(-1, -k), at(-k, -1), at(0, -1)],
  ];
};

const shapes: readonly Shape[] = [line, line, line, arc, arc, wave, corner, hook, loop];

const mix = (a: Point, b: Point, t: number): Point => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
];

/** The point at t along ab, moved sideways by `bulge` lengths of ab. */
function aside(a: Point, b: Point, t: number, bulge: number): Point {
  const [x, y] = mix(a, b, t);
  return [x - (b[1] - a[1]) * bulge, y + (b[0] - a[0]) * bulge];
}

/** Stretches the strokes over the square, most of the way to each side, as a hand fills a box. */
function fill(strokes: Stroke[]): Stroke[] {
  const points = strokes.flat();
  const low = [0, 1].map((i) => points.reduce((m, p) => Math.min(m, p[i]), 1));
  const high = [0, 1].map((i) => points.reduce((m, p) => Math.max(m, p[i]), 0));
  const extent = Math.max(high[0] - low[0], high[1] - low[1]);
  const scale = 0.66 / extent;
  const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
  return strokes.map((stroke) =>
    stroke.map(([x, y]): Point => [0.5 + (x - middle[0]) * scale, 0.5 + (y - middle[1]) * scale]),
  );
}

/** One drawing: the same strokes, each point a little off, the whole slanted, turned, resized and
 * moved, by a pen of some width. */
function write(character: Stroke[], random: Stream): { strokes: Stroke[]; radius: number } {
  const spread = (most: number) => (2 * random.uniform() - 1) * most;
  // The rational form of a rotation: t is the tangent of half the angle, at most 11 degrees.
  const t = spread(0.1);
  const cos = (1 - t * t) / (1 + t * t);
  const sin = (2 * t) / (1 + t * t);
  const slant = spread(0.22);
  const size = 1 + spread(0.2);
  const sx = size * (1 + spread(0.15));
  const sy = size * (1 + spread(0.15));
  const mx = 0.5 + spread(0.1);
  const my = 0.5 + spread(0.1);
  const strokes = character.map((stroke) => {
    const dx = spread(0.035);
    const dy = spread(0.035);
    const ends = stroke.map(() => [dx + spread(0.035), dy + spread(0.035)]);
    return stroke.map(([px, py], i): Point => {
      const x = (px - 0.5 + ends[i][0]) * sx;
      const y = (py - 0.5 + ends[i][1]) * sy;
      const u = x + slant * y;
      return [(mx + cos * u - sin * y) * SIZE, (my + sin * u + cos * y) * SIZE];
    });
  });
  return { strokes, radius: 0.5 + 0.3 * random.uniform() };
}
