// Training: the loop, the measures, and the saved state.

export { type Evaluator, evaluator, type Measures } from "./evaluate";
export { fit } from "./fit";
export type { FitOptions, FitResult, LossContext } from "./options";
export type { Cursor, EarlyStop, EpochReport, StepReport } from "./progress";
