// The problems of the definition on the data sets: CIFAR-10, IMDB, spoken digits, Titanic.

import type { Problem } from "./problem";

export async function realProblems(folder: string): Promise<Problem[]> {
  void folder;
  return [];
}
