// All rows, in the order in which they are shown.

import type { Group } from "../row";
import { convGroups } from "./conv";
import { elementGroups } from "./elements";
import { lstmGroups } from "./lstm";
import { matmulGroups } from "./matmul";
import { memoryGroups } from "./memory";
import { stepGroups } from "./steps";

export const groups: readonly Group[] = [
  ...matmulGroups,
  ...convGroups,
  ...memoryGroups,
  ...elementGroups,
  ...lstmGroups,
  ...stepGroups,
];
