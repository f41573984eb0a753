// How much arithmetic a program does, from its kernel calls.

import { kernels } from "../device/kernels";
import type { EmittedCall } from "./emit";

/** 2 for each multiply-add of products, 1 for each element that another kernel writes. */
export function flopsOf(call: EmittedCall): number {
  return ownFlops(call) + (call.epilogue === undefined ? 0 : flopsOf(call.epilogue));
}

function ownFlops({ kernel, outputs, params }: EmittedCall): number {
  const p = (name: string) => params[(kernels[kernel].params as readonly string[]).indexOf(name)];
  const scores = () => p("n") * p("tq") * p("tk");
  if (kernel === "matmul") return 2 * p("batch") * p("m") * p("k") * p("n");
  if (kernel === "conv2d" || kernel === "conv2dInput" || kernel === "conv2dKernel") {
    const taps = (p("kh") * p("kw") * p("c")) / p("groups");
    return 2 * p("batch") * p("n") * p("oh") * p("ow") * p("oc") * taps;
  }
  if (kernel === "lstmForward" || kernel === "lstmBackward") {
    return 8 * p("batch") * p("t") * p("b") * p("h") * p("h");
  }
  if (kernel === "attentionForward") return 2 * scores() * (p("d") + p("dv"));
  if (kernel === "attentionBackward") return 2 * scores() * (3 * p("d") + 2 * p("dv"));
  return outputs.reduce((n, b) => n + b.size, 0);
}
