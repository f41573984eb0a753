// Residual networks as torchvision publishes them (He et al. 2016, with the stride on the 3×3
// convolution of a bottleneck). Running statistics are a state of their own, in and out.

import { ValueError } from "../../core/errors";
import { needWhole, optionsOf } from "../../core/options";
import type { Shape } from "../../core/shape";
import { relu } from "../../ops/activation";
import { add } from "../../ops/arithmetic";
import { conv2d } from "../../ops/conv";
import { maxPool2d } from "../../ops/pool";
import { type Key, split } from "../../ops/random";
import { mean } from "../../ops/reduce";
import { scope } from "../../tensor/scope";
import type { Tensor } from "../../tensor/tensor";
import { conv } from "../conv";
import { type LinearParams, linear } from "../linear";
import type { NormParams } from "../norm";
import { type NormState, statefulNorm } from "../statefulNorm";
import {
  fromPublished,
  type NamedArrays,
  Published,
  publishedShapes,
  toPublished,
} from "./published";

export interface ResnetOptions {
  /** Blocks of each stage. Default [3, 4, 6, 3]. */
  readonly blocks?: readonly number[];
  /** "bottleneck": 1×1, 3×3, 1×1 to four times the width; "basic": 3×3, 3×3. Default
   * "bottleneck". */
  readonly kind?: "bottleneck" | "basic";
  /** Filters of the first stage; each further one has twice as many. Default 64. */
  readonly width?: number;
  /** Of an image. Default 3. */
  readonly channels?: number;
  /** Default 1000. */
  readonly classes?: number;
  /** Share of a batch in the running statistics. Default 0.1. */
  readonly momentum?: number;
}

type Part = { readonly w: Tensor; readonly norm: NormParams };
type Block<P> =
  | { readonly parts: readonly P[] }
  | { readonly parts: readonly P[]; readonly shortcut: P };
type Body<P> = { readonly stem: P; readonly stages: readonly (readonly Block<P>[])[] };

export type ResnetParams = Body<Part> & { readonly head: LinearParams };
/** Running statistics of each norm. */
export type ResnetState = Body<NormState>;
export type ResnetTrees = { readonly params: ResnetParams; readonly state: ResnetState };

export interface Resnet {
  init(key: Key): ResnetTrees;
  /**
   * Images [n, h, w, channels] to logits [n, classes] and the next state: with `train` by the
   * statistics of this batch, which the state takes in; else by those of the state, which stays.
   */
  apply(
    params: ResnetParams,
    state: ResnetState,
    x: Tensor,
    options: { readonly train: boolean },
  ): [Tensor, ResnetState];
  /** What the head takes: the mean over the last image's pixels, [n, features]. */
  features(
    params: ResnetParams,
    state: ResnetState,
    x: Tensor,
    options: { readonly train: boolean },
  ): [Tensor, ResnetState];
  /**
   * Parameters and state from arrays under torchvision's names, `layer1.0.conv1.weight`; counts of
   * batches are passed over. With the key `head` the last layer is made anew, whatever the file's.
   * @throws ValueError that lists the names that are missing, left over or of another shape
   */
  load(arrays: NamedArrays, options?: { readonly head?: Key }): ResnetTrees;
  /** The names that `load` takes, with their shapes in the file. */
  names(): Readonly<Record<string, Shape>>;
  /** The arrays that `load` takes, for `encodeSafetensors`. */
  save(trees: ResnetTrees): ReturnType<typeof toPublished>;
}

/** A convolution with its norm. */
interface Unit {
  readonly name: { readonly conv: string; readonly norm: string };
  readonly size: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
}

interface Plan {
  readonly stem: Unit;
  readonly stages: readonly (readonly { parts: readonly Unit[]; shortcut?: Unit }[])[];
  /** Features behind the last stage. */
  readonly features: number;
}

/** ResNet-50: 25,557,032 parameters for 1000 classes. */
export function resnet50(options: Omit<ResnetOptions, "blocks" | "kind"> = {}): Resnet {
  return resnet(options);
}

/** ResNet-18: 11,689,512 parameters for 1000 classes. */
export function resnet18(options: Omit<ResnetOptions, "blocks" | "kind"> = {}): Resnet {
  return resnet({ ...options, blocks: [2, 2, 2, 2], kind: "basic" });
}

/** A residual network of any number of blocks; see `resnet50`. */
export function resnet(options: ResnetOptions = {}): Resnet {
  optionsOf("resnet", options, ["blocks", "kind", "width", "channels", "classes", "momentum"]);
  const { blocks = [3, 4, 6, 3], kind = "bottleneck", width = 64 } = options;
  const { channels = 3, classes = 1000, momentum = 0.1 } = options;
  needWhole("resnet", { width, channels, classes }, 1);
  needWhole("resnet", Object.fromEntries(blocks.map((n, i) => [`blocks[${i}]`, n])), 1);
  if (blocks.length === 0) {
    throw new ValueError("resnet: no stage: blocks is []. Give the blocks of each stage.");
  }
  const plan = planOf(blocks, kind, width, channels);
  const out = linear(plan.features, classes, { gain: 1 });
  const normOf = ({ outputs }: Unit) => statefulNorm(outputs, { momentum });

  function run(unit: Unit, own: Part, state: NormState, x: Tensor, train: boolean, last = relu) {
    return scope((): [Tensor, NormState] => {
      const padding = (unit.size - 1) / 2;
      const y = conv2d(x, own.w, { stride: unit.stride, padding });
      const [z, next] = normOf(unit).apply(own.norm, state, y, { train });
      return [last(z), next];
    });
  }

  const features: Resnet["features"] = (params, state, x, { train }) =>
    scope(() => {
      const same = (y: Tensor) => y;
      const [first, stem] = run(plan.stem, params.stem, state.stem, x, train);
      let y = maxPool2d(first, { size: 3, stride: 2, padding: 1 });
      const stages = plan.stages.map((stage, i) =>
        stage.map(({ parts, shortcut }, j): Block<NormState> => {
          const [own, before] = [params.stages[i][j], state.stages[i][j]];
          const [z, after] = scope((): [Tensor, Block<NormState>] => {
            let inner = y;
            const states = parts.map((unit, k) => {
              const end = k === parts.length - 1 ? same : relu;
              const [z, next] = run(unit, own.parts[k], before.parts[k], inner, train, end);
              inner = z;
              return next;
            });
            if (shortcut === undefined || !("shortcut" in own) || !("shortcut" in before)) {
              return [relu(add(inner, y)), { parts: states }];
            }
            const [around, next] = run(shortcut, own.shortcut, before.shortcut, y, train, same);
            return [relu(add(inner, around)), { parts: states, shortcut: next }];
          });
          y = z;
          return after;
        }),
      );
      return [mean(y, { axis: [1, 2] }), { stem, stages }];
    });

  const places = bodyOf(plan, ({ inputs, outputs, size, name }) => {
    const of = (what: string) => new Published([`${name.norm}.${what}`], [outputs]);
    return {
      params: {
        w: new Published([`${name.conv}.weight`], [outputs, inputs, size, size], "conv"),
        norm: { gamma: of("weight"), beta: of("bias") },
      },
      state: { mean: of("running_mean"), variance: of("running_var") },
    };
  });
  const head = {
    w: new Published(["fc.weight"], [classes, plan.features], "linear"),
    b: new Published(["fc.bias"], [classes]),
  };
  const placesWith = { params: { ...places.params, head }, state: places.state };

  return {
    features,
    init: (key) =>
      scope(() => {
        const [last, ...keys] = split(key, 2 + unitsOf(plan).length);
        let next = 0;
        const { params, state } = bodyOf(plan, (unit) => {
          const k = keys[next++];
          const { w } = conv(unit.inputs, unit.outputs, { size: unit.size, bias: false }).init(k);
          const norm = normOf(unit).init(k);
          return { params: { w, norm: norm.params }, state: norm.state };
        });
        return { params: { ...params, head: out.init(last) }, state };
      }),
    apply: (params, state, x, how) =>
      scope(() => {
        const [y, next] = features(params, state, x, how);
        return [out.apply(params.head, y), next];
      }),
    load: (arrays, { head: key } = {}) =>
      scope(() => {
        const passed = (name: string) =>
          name.endsWith(".num_batches_tracked") || (key !== undefined && /^fc\./.test(name));
        const wanted = key === undefined ? placesWith : places;
        const made = fromPublished("resnet", wanted, arrays, passed) as unknown as ResnetTrees;
        if (key === undefined) return made;
        return { params: { ...made.params, head: out.init(key) }, state: made.state };
      }),
    names: () => publishedShapes(placesWith),
    save: (trees) => toPublished(placesWith, trees),
  };
}

/** Of each kind of block: its kernels, which of them has the stride, and how many times as many
 * features come out as there are within. */
const KINDS = {
  bottleneck: { sizes: [1, 3, 1], strided: 1, growth: 4 },
  basic: { sizes: [3, 3], strided: 0, growth: 1 },
} as const;

function planOf(
  blocks: readonly number[],
  kind: keyof typeof KINDS,
  width: number,
  channels: number,
): Plan {
  const name = (at: string, i: number) => ({ conv: `${at}conv${i}`, norm: `${at}bn${i}` });
  const { sizes, strided, growth } = KINDS[kind];
  let inputs = width;
  const stages = blocks.map((count, i) =>
    Array.from({ length: count }, (_, j) => {
      const at = `layer${i + 1}.${j}.`;
      const own = width * 2 ** i;
      const outputs = own * growth;
      const stride = i > 0 && j === 0 ? 2 : 1;
      const depths = [inputs, ...sizes.slice(1).map(() => own), outputs];
      const parts = sizes.map((size, k) => ({
        ...{ name: name(at, k + 1), size, inputs: depths[k], outputs: depths[k + 1] },
        stride: k === strided ? stride : 1,
      }));
      const around = { conv: `${at}downsample.0`, norm: `${at}downsample.1` };
      const shortcut = { name: around, size: 1, inputs, outputs, stride };
      const changes = stride > 1 || inputs !== outputs;
      inputs = outputs;
      return changes ? { parts, shortcut } : { parts };
    }),
  );
  const stem = { name: name("", 1), size: 7, inputs: channels, outputs: width, stride: 2 };
  return { stem, stages, features: inputs };
}

function unitsOf({ stem, stages }: Plan): Unit[] {
  const blocks = stages.flat();
  return [stem, ...blocks.flatMap((b) => (b.shortcut ? [...b.parts, b.shortcut] : b.parts))];
}

/** The two trees that `f` gives parts for. */
function bodyOf<P, S>(
  { stem, stages }: Plan,
  f: (unit: Unit) => { params: P; state: S },
): { params: Body<P>; state: Body<S> } {
  const first = f(stem);
  const made = stages.map((stage) =>
    stage.map(({ parts, shortcut }) => ({
      parts: parts.map(f),
      shortcut: shortcut === undefined ? null : f(shortcut),
    })),
  );
  const pick = <T>(of: (both: { params: P; state: S }) => T): Body<T> => ({
    stem: of(first),
    stages: made.map((stage) =>
      stage.map(({ parts, shortcut }): Block<T> => {
        const own = parts.map(of);
        return shortcut === null ? { parts: own } : { parts: own, shortcut: of(shortcut) };
      }),
    ),
  });
  return { params: pick((both) => both.params), state: pick((both) => both.state) };
}
