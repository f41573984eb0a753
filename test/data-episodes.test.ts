// Few-shot tasks: a pure function of key and index, with no image on both sides of a task and no
// character on both sides of a split.

import { describe, expect, test } from "vitest";
import { type EpisodeIds, episodeOf, episodes } from "../src/data/episodes";
import { classPool, imageOf, rotations, selectClasses, splitClasses } from "../src/data/pool";
import { sinusoids } from "../src/data/sinusoid";

/** Every pixel of image k of class c is 10 c + k: an image tells where it is from. */
function marked(classes: number, perClass: number) {
  const images = new Uint8Array(classes * perClass * 4);
  for (let i = 0; i < classes * perClass; i++) {
    images.fill(10 * Math.floor(i / perClass) + (i % perClass), 4 * i, 4 * i + 4);
  }
  const names = Array.from({ length: classes }, (_, c) => `class ${c}`);
  return classPool({ images, height: 2, width: 2, counts: perClass, names });
}

const rows = (width: number, list: number[]) =>
  Array.from({ length: list.length / width }, (_, i) => list.slice(i * width, (i + 1) * width));
const pairs = (...list: number[]) => rows(2, list);
const triples = (...list: number[]) => rows(3, list);

const options = { classes: marked(20, 6), way: 5, shot: 2, query: 3, key: 7 };

describe("episodes", () => {
  test("a task is the same whenever and in whatever order it is drawn", () => {
    const first = episodes(options);
    const ahead = Array.from({ length: 20 }, (_, i) => first(i));
    const second = episodes(options);
    for (let i = 19; i >= 0; i--) expect(second(i)).toEqual(ahead[i]);
  });

  test("another key or index is another task", () => {
    const one = episodes(options);
    const other = episodes({ ...options, key: 8 });
    expect(one.ids(0).classes).not.toEqual(one.ids(1).classes);
    expect(one.ids(0).classes).not.toEqual(other.ids(0).classes);
  });

  test("classes differ, images differ, labels run from 0 by class", () => {
    const tasks = episodes(options);
    for (let i = 0; i < 200; i++) {
      const { ids, support, query } = tasks(i);
      expect(new Set(ids.classes).size).toBe(5);
      expect(Array.from(support.y)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
      expect(query.y).toHaveLength(15);
      expect(support.shape).toEqual([10, 2, 2, 1]);
      const seen = new Set<number>();
      for (const side of [support, query]) {
        for (let k = 0; k < side.y.length; k++) {
          const mark = Math.round(side.x[4 * k] * 255);
          expect(Math.floor(mark / 10)).toBe(ids.classes[side.y[k]]);
          seen.add(mark);
        }
      }
      expect(seen.size).toBe(25);
    }
  });

  test("every class takes every label about equally often", () => {
    const tasks = episodes(options);
    const counts = new Map<string, number>();
    for (let i = 0; i < 4000; i++) {
      for (const [label, c] of tasks.ids(i).classes.entries()) {
        counts.set(`${c}:${label}`, (counts.get(`${c}:${label}`) ?? 0) + 1);
      }
    }
    expect(counts.size).toBe(100);
    // 200 expected of each, standard deviation 14: five of them.
    for (const n of counts.values()) expect(Math.abs(n - 200)).toBeLessThan(70);
  });

  test("the bits of a stream of tasks never change", () => {
    expect(JSON.parse(episodes(options).list(0, 2))).toEqual([
      {
        index: 0,
        classes: [16, 18, 15, 3, 6],
        support: pairs(0, 2, 3, 1, 2, 3, 4, 5, 3, 4),
        query: triples(1, 3, 5, 4, 2, 5, 4, 1, 5, 3, 2, 1, 0, 5, 1),
      },
      {
        index: 1,
        classes: [9, 0, 13, 3, 4],
        support: pairs(4, 0, 0, 2, 2, 1, 4, 1, 0, 1),
        query: triples(3, 1, 2, 1, 3, 4, 3, 0, 4, 5, 2, 0, 4, 5, 2),
      },
    ]);
  });

  test("an exported list gives the tasks back", () => {
    const tasks = episodes(options);
    const list: EpisodeIds[] = JSON.parse(tasks.list(3, 4));
    expect(list.map((ids) => episodeOf(options.classes, ids))).toEqual([3, 4, 5, 6].map(tasks));
    expect(() => episodeOf(marked(2, 6), list[0])).toThrow(
      /^episodeOf: no such image: class \d+, /,
    );
  });

  test("a class takes all its images, and one more is an error", () => {
    expect(() => episodes({ ...options, shot: 3 })(0)).not.toThrow();
    expect(() => episodes({ ...options, shot: 4 })).toThrow(
      'episodes: too few images: shot 4 + query 3 = 7, class "class 0" has 6. ' +
        "Use fewer shots or queries.",
    );
  });

  test("a task takes all classes, and one more is an error", () => {
    expect(new Set(episodes({ ...options, way: 20 }).ids(0).classes).size).toBe(20);
    expect(() => episodes({ ...options, way: 21 })).toThrow(
      "episodes: too few classes: way is 21, the pool has 20. Use a smaller way or a larger pool.",
    );
  });

  test.each([["way"], ["shot"], ["query"]])("%s must be a whole number from 1", (name) => {
    for (const n of [0, 1.5, Number.NaN]) {
      expect(() => episodes({ ...options, [name]: n })).toThrow(
        `episodes: ${name} is no whole number from 1: ${n}. Use 1 or more.`,
      );
    }
  });

  test("classes of different sizes are drawn within their own", () => {
    const images = Uint8Array.from([0, 1, 10, 11, 12, 13, 20, 21, 22]);
    const names = ["a", "b", "c"];
    const pool = classPool({ images, height: 1, width: 1, counts: [2, 4, 3], names });
    expect(pool).toMatchObject({ classes: 3, perClass: 2, offsets: [0, 2, 6, 9] });
    const tasks = episodes({ classes: pool, way: 3, shot: 1, query: 1, key: 0 });
    const seen = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const { ids, query } = tasks(i);
      query.y.forEach((label, k) => {
        const mark = Math.round(query.x[k] * 255);
        expect(Math.floor(mark / 10)).toBe(ids.classes[label]);
        seen.add(mark);
      });
    }
    expect(Array.from(seen).sort((a, b) => a - b)).toEqual(Array.from(images));
  });
});

describe("class pools", () => {
  test("splitClasses gives two parts without a common class, and all of them", () => {
    const [first, rest] = splitClasses(options.classes, { first: 12, seed: 1 });
    expect([first.classes, rest.classes]).toEqual([12, 8]);
    const names = [...first.names, ...rest.names];
    expect([...names].sort()).toEqual([...options.classes.names].sort());
    expect(names).not.toEqual(options.classes.names);
    const c = options.classes.names.indexOf(rest.names[3]);
    expect(imageOf(rest, 3, 5)).toEqual(imageOf(options.classes, c, 5));
    expect(() => splitClasses(options.classes, { first: 21, seed: 1 })).toThrow(
      "splitClasses: the parts do not fit: first is 21, the pool has 20 classes. Use 0 to 20.",
    );
  });

  test("rotations turn counterclockwise and are classes of their own", () => {
    const images = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const turned = rotations(classPool({ images, height: 3, width: 3, counts: 1, names: ["a"] }));
    expect(turned.names).toEqual(["a", "a@90", "a@180", "a@270"]);
    expect(Array.from(imageOf(turned, 0, 0))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(Array.from(imageOf(turned, 1, 0))).toEqual([3, 6, 9, 2, 5, 8, 1, 4, 7]);
    expect(Array.from(imageOf(turned, 2, 0))).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(Array.from(imageOf(turned, 3, 0))).toEqual([7, 4, 1, 8, 5, 2, 9, 6, 3]);
  });

  test("rotations keep channels together and refuse what is not square", () => {
    const images = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
    const two = { images, height: 2, width: 2, channels: 2, counts: 1, names: ["a"] };
    expect(Array.from(imageOf(rotations(classPool(two)), 1, 0))).toEqual([3, 4, 7, 8, 1, 2, 5, 6]);
    const flat = { ...two, height: 1, width: 4 };
    expect(() => rotations(classPool(flat))).toThrow(
      "rotations: the images are not square: 1 x 4. Crop or pad them first.",
    );
  });

  test("bytes, counts and names must fit", () => {
    const names = ["a", "b"];
    const parts = { images: new Uint8Array(8), height: 2, width: 2, counts: 1, names };
    expect(classPool(parts).classes).toBe(2);
    expect(() => classPool({ ...parts, counts: 2 })).toThrow(
      "classPool: the bytes do not fit: 4 images of 2 x 2 x 1 are 16 bytes, got 8. ",
    );
    expect(() => classPool({ ...parts, counts: [1] })).toThrow(
      "classPool: counts and names differ: 1 counts, 2 names. Give one of each a class.",
    );
    expect(() => selectClasses(classPool(parts), [2])).toThrow(
      "selectClasses: no such class: 2; the pool has 2. Use 0 to 1.",
    );
  });
});

describe("sinusoids", () => {
  test("points lie on the curve that the task names, within the ranges", () => {
    const tasks = sinusoids({ key: 3, shot: 5, query: 7 });
    let most = 0;
    for (let i = 0; i < 500; i++) {
      const { amplitude, phase, support, query } = tasks(i);
      expect(amplitude >= 0.1 && amplitude < 5 && phase >= 0 && phase < Math.PI).toBe(true);
      expect([support.shape, query.shape]).toEqual([
        [5, 1],
        [7, 1],
      ]);
      for (const { x, y } of [support, query]) {
        x.forEach((value, k) => {
          most = Math.max(most, Math.abs(value));
          expect(y[k]).toBe(Math.fround(amplitude * Math.sin(value - phase)));
        });
      }
    }
    expect(most).toBeGreaterThan(4.9);
    expect(most).toBeLessThanOrEqual(5);
  });

  test("tasks repeat by key and index, and counts are checked", () => {
    expect(sinusoids({ key: 3 })(9)).toEqual(sinusoids({ key: 3 })(9));
    expect(sinusoids({ key: 3 })(9)).not.toEqual(sinusoids({ key: 4 })(9));
    expect(sinusoids({ key: 3 })(9).support.x).toHaveLength(10);
    expect(() => sinusoids({ key: 3, shot: 0 })).toThrow(
      "sinusoids: shot is no whole number from 1: 0. Use 1 or more.",
    );
  });
});
