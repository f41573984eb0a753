// A contest: one thing to compute from the same numbers, by this library and by its peers. `task`
// says what it is, so that each side can do it in its own way.

import type { Tensor, Tree } from "hypergrad";
import type { ConvProtocol } from "../nets";
import type { Input, Role, Row, Work } from "../row";

export type Task =
  | {
      readonly kind: "matmul";
      readonly transposeA: boolean;
      readonly transposeB: boolean;
    }
  | {
      readonly kind: "conv";
      readonly which: "forward" | "input" | "kernel";
      readonly stride: number;
      /** Shape of what it makes, n h w c or kh kw c oc. */
      readonly shape: readonly number[];
    }
  | { readonly kind: "softmax" | "layerNorm" }
  /** g [tokens, width] and indices to [n, width]. */
  | { readonly kind: "embedding"; readonly n: number }
  /** `count` sums in a row. */
  | { readonly kind: "add"; readonly count: number }
  /** x, wx, wh, b to all states, or to the new weights after a step on their mean square. */
  | { readonly kind: "lstm"; readonly train: boolean; readonly lr: number }
  /** Loss and its gradient, or the gradient of half the gradient's square; x and labels last. */
  | {
      readonly kind: "net";
      readonly net: "mlp" | "conv" | "lstm";
      readonly order: 1 | 2;
      readonly protocol: ConvProtocol;
    }
  /** Mean query loss and meta-gradient; support x, y and query x, y last, tasks in front. */
  | {
      readonly kind: "maml";
      readonly net: "mlp" | "conv";
      readonly steps: number;
      readonly lr: number;
      readonly protocol: ConvProtocol;
    }
  /** Query loss after `steps` steps of Adam, and its derivative by the rate, which is the last
   * input; support x, y and query x, y before it. */
  | { readonly kind: "adam"; readonly steps: number; readonly eps: number };

export interface Contest {
  readonly name: string;
  readonly task: Task;
  readonly inputs: readonly Input[];
  /** The library's own way, and by `compile` too where a step is what a user would compile. */
  readonly own: readonly (Pick<Row, "f" | "prepare" | "compiled"> & { readonly label: string })[];
  readonly truth?: (...xs: Tensor[]) => Tree;
  /** What the results' axes are, where they are images or kernels. */
  readonly results?: readonly (Role | undefined)[];
  readonly work: Work;
  readonly within: Row["within"];
  readonly ops?: number;
  /** Rows that are only run when asked for: some side takes minutes. */
  readonly slow?: boolean;
}
