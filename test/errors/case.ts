// A bad call, the exact words that refuse it, and a good call that differs in that one thing.

import { tensor } from "../../src/tensor/create";
import { ones, zeros } from "../../src/tensor/fill";

/** The error's class, its text, the bad call, and the control. */
export type ErrorCase = readonly [string, string, () => unknown, () => unknown];

/** Tensors of a shape, by type. */
export const f = (...shape: number[]) => ones(shape);
export const i = (...shape: number[]) => zeros(shape, "int32");
export const b = (...shape: number[]) => zeros(shape, "bool");
export const idx = (...list: number[]) => tensor(Int32Array.from(list));

/** Lets through what TypeScript would refuse. */
// biome-ignore lint/suspicious/noExplicitAny: that is its purpose
export const any = (x: unknown): any => x;
