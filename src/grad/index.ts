// Derivatives of functions of tensors. They nest in any order and to any depth.

export { type CheckOptions, type CheckReport, checkGrads, GradientError } from "./check";
export { checkpoint, customGradient } from "./custom";
export { type AuxOptions, grad, valueAndGrad } from "./grad";
export { hessian, jacobian } from "./jacobian";
export { hvp, jvp } from "./jvp";
export { stopGradient } from "./stop";
export { vjp } from "./vjp";
export { type InAxes, type VmapOptions, vmap } from "./vmap";
