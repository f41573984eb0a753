// The table of all kernel cases: every kernel of every device is compared with the reference over
// it. Inputs are deterministic and already float32.

import { attentionCases } from "./cases/attention";
import type { Case } from "./cases/case";
import { chainCases } from "./cases/chain";
import { elementwiseCases } from "./cases/elementwise";
import { movementCases } from "./cases/movement";
import { normalizationCases } from "./cases/normalization";
import { poolingCases } from "./cases/pooling";
import { productCases } from "./cases/products";
import { randomCases } from "./cases/random";
import { recurrentCases } from "./cases/recurrent";
import { reductionCases } from "./cases/reductions";

export const kernelCases: readonly Case[] = [
  ...elementwiseCases,
  ...chainCases,
  ...reductionCases,
  ...movementCases,
  ...productCases,
  ...poolingCases,
  ...normalizationCases,
  ...randomCases,
  ...recurrentCases,
  ...attentionCases,
];
