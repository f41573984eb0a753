// The tasks of a run: a stream to learn from and a fixed list to be tested on, with no class in
// common.

import { data } from "hypergrad";
import type { Settings } from "./options";

const { characters, episodes, omniglot, rotations, sinusoids, splitClasses } = data;

export type HostTask = data.Episode | data.SinusoidTask;

export interface Tasks {
  /** Task `index` of the stream of a seed. */
  train(seed: number): (index: number) => HostTask;
  /** Test task `index`; the same whatever the seed. */
  test: (index: number) => HostTask;
  /** One line: what is trained and tested on. */
  about: string;
  /** What the table shows. */
  measure: "accuracy" | "MSE";
}

const TEST_KEY = 2 ** 40; // far from any seed that a user types

/** Reads or draws the tasks. Throws the library's errors when data is missing or damaged. */
export async function loadTasks(settings: Settings, folder?: string): Promise<Tasks> {
  const { task, way, shot, query } = settings;
  if (task === "sinusoid") {
    return {
      train: (seed) => sinusoids({ key: seed, shot, query }),
      test: sinusoids({ key: TEST_KEY, shot, query }),
      about: `sine curves, ${shot} support and ${query} query points`,
      measure: "MSE",
    };
  }
  const [train, test] = await pools(settings, folder);
  const sampler = (classes: data.ClassPool, key: number) =>
    episodes({ classes, way, shot, query, key });
  const about =
    `${task}: ${train.classes} training and ${test.classes} test classes (each character in four ` +
    `directions), ${way}-way ${shot}-shot, ${query} query ${query === 1 ? "image" : "images"} a ` +
    "class";
  return {
    train: (seed) => sampler(train, seed),
    test: sampler(test, TEST_KEY),
    about,
    measure: "accuracy",
  };
}

/** Split first, rotated after: no test character is a training character turned. */
async function pools(
  settings: Settings,
  folder?: string,
): Promise<[data.ClassPool, data.ClassPool]> {
  if (settings.task === "characters") {
    const pool = characters({ seed: settings.seed });
    const [train, test] = splitClasses(pool, { first: 300, seed: settings.seed });
    return [rotations(train), rotations(test)];
  }
  const parts = [
    await omniglot(folder ?? "", "background"),
    await omniglot(folder ?? "", "evaluation"),
  ];
  return [rotations(parts[0]), rotations(parts[1])];
}
