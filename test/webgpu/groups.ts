// All groups of checks of the webgpu device, in the order in which they run.

import { faultGroup } from "./faults";
import { fixtureGroup } from "./fixtures";
import type { Group } from "./group";
import { kernelGroups } from "./kernels";
import { memoryGroup } from "./memory";
import { programGroup } from "./programs";
import { promiseGroup } from "./promises";
import { recoveryGroup } from "./recovery";
import { rowGroups } from "./rows";
import { shaderGroup } from "./shaders";

export const groups: readonly Group[] = [
  shaderGroup,
  ...rowGroups,
  fixtureGroup,
  promiseGroup,
  programGroup,
  memoryGroup,
  faultGroup,
  recoveryGroup,
  ...kernelGroups,
];
