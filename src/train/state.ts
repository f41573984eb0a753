// The whole state of a training as one safetensors file: what goes on from it has the bits of what
// was never interrupted.

import { ValueError } from "../core/errors";
import type { BatchSettings } from "../data/batches";
import { decodeSafetensors, encodeSafetensors, type HostArray } from "../data/safetensors";
import { refillTree, treeArrays } from "../data/save";
import type { Tree } from "../tensor/tree";
import type { Cursor } from "./progress";
import type { StepTensors } from "./step";

/** All tensors that the next step depends on, and those of the best epoch so far, or {}. */
type TrainingTensors<P extends Tree, S extends Tree> = StepTensors<P, S> & {
  readonly best: Tree;
};

interface TrainingState {
  readonly tensors: TrainingTensors<Tree, Tree>;
  readonly cursor: Cursor;
  readonly batches: BatchSettings;
}

const FORM = "hypergrad fit 1";

/** The bytes of a training state. Throws a ValueError that names the parameter when one holds NaN
 * or infinity: such a state must not replace a good one. */
export async function saveTraining(training: TrainingState): Promise<Uint8Array<ArrayBuffer>> {
  const { tensors, cursor, batches } = training;
  const arrays = await treeArrays(tensors);
  const bad = Object.keys(arrays).find((path) => !isFinite(arrays[path]));
  if (bad !== undefined) {
    throw new ValueError(
      `saveTraining: the state is broken: "${bad}" is not finite after step ${cursor.total}. ` +
        "Go on from an earlier state with a smaller learning rate.",
    );
  }
  const metadata = {
    form: FORM,
    cursor: JSON.stringify(cursor, (_, x) => (isOdd(x) ? { number: String(x) } : x)),
    batches: JSON.stringify(batches),
  };
  return encodeSafetensors({ arrays, metadata });
}

/** The state of `bytes`, its tensors of the form of `fresh` on the current device. Throws a
 * ValueError when the bytes are none, or of another training. */
export function loadTraining<P extends Tree, S extends Tree>(
  bytes: Uint8Array,
  fresh: StepTensors<P, S>,
  batches: BatchSettings,
): { tensors: TrainingTensors<P, S>; cursor: Cursor } {
  const { arrays, metadata } = decodeSafetensors(bytes, "the saved state");
  if (metadata.form !== FORM) {
    throw new ValueError(
      `fit: no training state: the form of these bytes is ${JSON.stringify(metadata.form)}. Use ` +
        "what save was given.",
    );
  }
  const now = JSON.stringify(batches);
  if (metadata.batches !== now) {
    throw new ValueError(
      `fit: the saved state is of other batches: ${metadata.batches}, now ${now}. Go on with the ` +
        "same data, size and seed.",
    );
  }
  const cursor = JSON.parse(metadata.cursor, (_, x) =>
    typeof x?.number === "string" ? Number(x.number) : x,
  ) as Cursor;
  const { params, state } = fresh;
  const best: Tree = cursor.best === null ? {} : { params, state };
  return { tensors: refillTree({ ...fresh, best }, arrays), cursor };
}

/** Whether a number is none that JSON knows. */
function isOdd(x: unknown): boolean {
  return typeof x === "number" && !Number.isFinite(x);
}

function isFinite({ data }: HostArray): boolean {
  return (data as Float32Array).every(Number.isFinite);
}
