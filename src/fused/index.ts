// Ops that are one kernel for what many ops would compute, with gradients of any order.

export { type AttentionOptions, attention } from "./attention";
export { type LstmOptions, type LstmParams, type LstmResult, lstm } from "./lstm";
