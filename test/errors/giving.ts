// What is given in the place of tensors, or taken from them in the place of values.

import { decodeSafetensors, encodeSafetensors } from "../../src/data/safetensors";
import * as o from "../../src/ops/index";
import { tensor } from "../../src/tensor/create";
import { any, type ErrorCase, f } from "./case";

export const giving: readonly ErrorCase[] = [
  [
    "TypeError",
    "tensor: no JSON: [Tensor [2] float32]. Read it first, await t.array(), or save a tree by " +
      "saveSafetensors or data.treeArrays.",
    () => JSON.stringify({ w: f(2) }),
    () => JSON.stringify({ w: f(2).shape }),
  ],
  [
    "TypeError",
    "sum: x is no tensor: [object Tensor [2] float32]. Use stack(x).",
    () => o.sum(any([f(2)])),
    () => o.sum(o.stack([f(2)])),
  ],
  [
    "TypeError",
    `exp: input 1 is no tensor: ${"0,".repeat(28)}0…. Use tensor(x).`,
    () => o.exp(any(new Float32Array(1000))),
    () => o.exp(tensor(new Float32Array(1000))),
  ],
  [
    "TypeError",
    "mean: x is no tensor: 1,2. Use tensor(x).",
    () => o.mean(any([1, 2])),
    () => o.mean(tensor([1, 2])),
  ],
  [
    "TypeError",
    "safetensors: no bytes: net.safetensors. Give a Uint8Array: await data.readBytes(path), or " +
      "new Uint8Array(buffer).",
    () => decodeSafetensors(any("net.safetensors")),
    () => decodeSafetensors(encodeSafetensors({ arrays: {}, metadata: {} })),
  ],
];
