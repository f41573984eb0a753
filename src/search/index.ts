// What `search` offers: spaces, studies, samplers, schedulers, and trials in workers.

export { type AshaOptions, asha } from "./asha";
export { type BohbOptions, bohb } from "./bohb";
export { type CmaesOptions, cmaes } from "./cmaes";
export { type GpOptions, gp } from "./gp";
export { type GridOptions, grid } from "./grid";
export { type Bracket, brackets, type HyperbandOptions, hyperband } from "./hyperband";
export type { Code, Dimension, Layout } from "./layout";
export { type LearnedNet, learned } from "./learned";
export { type TrainLearnedOptions, trainLearned } from "./learnedTraining";
export {
  type Objective,
  type OptimizeOptions,
  optimize,
  type Run,
  type Trained,
} from "./optimize";
export { type PbtOptions, pbt } from "./pbt";
export {
  type Earlier,
  type History,
  type Observation,
  random,
  type Sampler,
  type SamplerContext,
} from "./sampler";
export type { Direction, SavedTrial, StudyJSON } from "./saved";
export type {
  Decision,
  Progress,
  Scheduler,
  SchedulerContext,
  TrialState,
} from "./scheduler";
export {
  type ChoiceParameter,
  choice,
  type FloatParameter,
  float,
  type IntegerParameter,
  integer,
  type Parameter,
  type Params,
  type Space,
  type Value,
  type When,
} from "./space";
export type { States } from "./states";
export { type Ask, type Study, type StudyOptions, study, type Trial } from "./study";
export { type TpeOptions, tpe } from "./tpe";
export {
  type LostTrial,
  serveTrials,
  type TrialWorker,
  type TrialWorkers,
  type TrialWorkersOptions,
  trialWorkers,
} from "./workers";
