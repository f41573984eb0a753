// Every inner optimizer: a module of its own each, so that a bundle has those that are used.

export { adam } from "./adam";
export { celo2 } from "./celo2";
export { curvature } from "./curvature";
export { lrNet } from "./lrNet";
export { lstm } from "./lstm";
export { metaSgd } from "./metaSgd";
export { mlp } from "./mlp";
export { momentum } from "./momentum";
export { only } from "./only";
export { perStep } from "./perStep";
export { sgd } from "./sgd";
export { updateNet } from "./updateNet";
