// Every inner optimizer, in order of rising complexity.

import { adam } from "./adam";
import { curvature } from "./curvature";
import { lrNet } from "./lrNet";
import { lstm } from "./lstm";
import { metaSgd } from "./metaSgd";
import { mlp } from "./mlp";
import { momentum } from "./momentum";
import { only } from "./only";
import { perStep } from "./perStep";
import { sgd } from "./sgd";
import { updateNet } from "./updateNet";

export const inner = {
  sgd,
  momentum,
  adam,
  metaSgd,
  perStep,
  curvature,
  lrNet,
  lstm,
  mlp,
  updateNet,
  only,
};
