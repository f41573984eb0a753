// The training itself: one run for each order, step by step, on the device that is current. What a
// step reads is in `arrays`, so that a run goes on elsewhere from the same place.

import {
  compile,
  type data,
  dispose,
  data as files,
  type GraphView,
  key,
  leaves,
  mean,
  scope,
  stack,
  type Tensor,
  type Tree,
} from "hypergrad";
import type { Learner, Problem, State, TaskBatch } from "./problem";

/** The values of a state, by path. */
export type Arrays = Record<string, data.HostArray>;

export interface Outcome {
  readonly loss: number;
  readonly norms: readonly number[];
}

/** One training of a problem by meta-gradients of one order. */
export class Run {
  readonly learner: Learner;
  state: State;
  readonly #step: (state: Tree, start: Tree, tasks: Tree) => StepResult;

  constructor(
    private readonly problem: Problem,
    readonly order: 1 | 2,
    private readonly seed: number,
    arrays: Arrays | null,
  ) {
    this.learner = problem.learner(order);
    const fresh = scope(() => this.#fresh());
    this.state = arrays === null ? fresh : files.refillTree(fresh, arrays);
    if (arrays !== null) dispose(fresh);
    this.#step = compile((state, start, tasks) => this.#update(state as State, start, tasks));
  }

  /** Before the first step. */
  #fresh(): State {
    const { problem, learner, seed } = this;
    const params = problem.start(seed, 0);
    const meta = learner.initMeta(params, key(seed));
    const learned: Tree = problem.learns === "start" ? { params, meta } : { meta };
    // Where the start is drawn afresh, it is no part of the state.
    const kept = problem.learns === "start" ? params : {};
    return { params: kept, meta, outer: problem.outer.init(learned) };
  }

  #update({ params, meta, outer }: State, start: Tree, tasks: Tree): StepResult {
    const { problem, learner } = this;
    const own = problem.learns === "start";
    const at = { params: own ? params : start, meta };
    const { value, grads, stats } = learner.metaGrad(at, tasks as TaskBatch);
    const norms = stack(stats.norms.map((norm) => mean(norm)));
    const learned: Tree = own ? at : { meta };
    const gradient: Tree = own ? grads : { meta: grads.meta };
    const [next, after] = problem.outer.update(gradient, outer, learned);
    const { params: moved, meta: better } = next as { params?: Tree; meta: Tree };
    return { state: { params: moved ?? {}, meta: better, outer: after }, value, norms };
  }

  #inputs(index: number): readonly [start: Tree, tasks: TaskBatch] {
    const { problem, seed } = this;
    const start = problem.learns === "start" ? {} : problem.start(seed, index);
    return [start, problem.tasks(seed, index)];
  }

  /** Step number `index`, on the tasks of that number. */
  async step(index: number): Promise<Outcome> {
    const [start, tasks] = this.#inputs(index);
    const { state, value, norms } = this.#step(this.state, start, tasks as unknown as Tree);
    dispose({ old: this.state as Tree, start, tasks: tasks as unknown as Tree });
    this.state = state;
    const [loss, list] = await Promise.all([value.item(), norms.data()]);
    dispose({ value, norms });
    return { loss, norms: Array.from(list) };
  }

  /** The program of a step, each kernel timed; the run does not change. */
  async graph(index: number): Promise<GraphView> {
    const [start, tasks] = this.#inputs(index);
    const update = (state: Tree, start: Tree, tasks: Tree) =>
      this.#update(state as State, start, tasks);
    const timed = compile(update, { profile: true });
    for (let run = 0; run < 5; run++) {
      const result = timed(this.state, start, tasks as unknown as Tree);
      await result.value.data();
      dispose(result);
    }
    const view = timed.graph();
    timed.dispose();
    dispose({ start, tasks: tasks as unknown as Tree });
    return view;
  }

  arrays(): Promise<Arrays> {
    return files.treeArrays(this.state);
  }

  dispose(): void {
    if (leaves(this.state).length > 0) dispose(this.state);
  }
}

type StepResult = { readonly state: State; readonly value: Tensor; readonly norms: Tensor };
