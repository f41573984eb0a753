// Cases of the random kernels: every length on both sides of a pair of words, several keys.

import { type Case, EDGES, integers, intOut, MANY } from "./case";

const keys = (b: number) => () => [integers(2 * b, 97, -(2 ** 31), 2 ** 31)];

export const randomCases: Case[] = [...EDGES, 1001].flatMap((n) =>
  [0, 1, 3, ...(n === 1 ? [MANY] : [])].flatMap((b): Case[] => [
    {
      kernel: "randomBits",
      name: `${b} keys, ${n} words`,
      params: [b, n],
      inputs: keys(b),
      outputs: [intOut(b * n)],
    },
    {
      kernel: "splitKey",
      name: `${b} keys into ${n}`,
      params: [b, n],
      inputs: keys(b),
      outputs: [intOut(2 * b * n)],
    },
  ]),
);
