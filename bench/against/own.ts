// This library as a side of a contest: eager and compiled, on a device already chosen by init().

import { compile, device, dispose, leaves, type Tensor, tensor } from "hypergrad";
import { argumentsOf, valuesOf } from "../verify";
import type { Contest } from "./contest";
import { atOnce, type Entry, inTime, type Side } from "./side";

export async function ownSide(): Promise<Side> {
  const { name, info } = device();
  const threads = info.threads > 1 ? ` ${info.threads} threads` : "";
  const probe = tensor([0]);
  return {
    name: `hypergrad ${info.simd ?? name}${threads}`,
    enter: async (contest: Contest) =>
      contest.own.map(({ label, f, prepare, compiled }): Entry => {
        const args = argumentsOf({ inputs: contest.inputs, prepare });
        const step = compiled ? compile((...xs: Tensor[]) => f(...xs)) : null;
        const call = () => (step ?? f)(...args);
        const free = () => dispose(call());
        const sample =
          name === "webgpu"
            ? inTime(async () => {
                free();
                await probe.data();
              })
            : atOnce(free);
        return {
          label,
          ...sample,
          result: async () => {
            const y = call();
            const values = await valuesOf(y);
            dispose(leaves(y));
            return values;
          },
          end: () => {
            step?.dispose();
            dispose(args);
          },
        };
      }),
    close: () => device().dispose(),
  };
}
