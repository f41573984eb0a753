// Every kernel of the table in WGSL; one that is missing does not compile.

import type { KernelName } from "../kernels";
import { attention } from "./attention";
import { chain } from "./chain";
import { elementwise } from "./elementwise";
import { movement } from "./movement";
import { normalization } from "./normalization";
import type { Plan } from "./plan";
import { pooling, random } from "./pooling";
import { products } from "./products";
import { recurrent } from "./recurrent";
import { reductions } from "./reductions";

export const plans: Record<KernelName, Plan> = {
  ...elementwise,
  chain,
  ...reductions,
  ...movement,
  ...products,
  ...pooling,
  ...normalization,
  ...random,
  ...recurrent,
  ...attention,
};
