// Group: every program that any adapter may be given compiles here: with its override values in
// Node (Tint) and Deno (naga); in Chromium, which has the same Tint and no adapter that compiles
// without taking a second for it, every source.

import { type KernelName, kernelNames } from "../../src/device/kernels";
import { openDevice } from "../../src/device/webgpu/adapter";
import type { WebGPUDevice } from "../../src/device/webgpu/device";
import { Faults } from "../../src/device/webgpu/faults";
import { Pipelines } from "../../src/device/webgpu/pipelines";
import { type Program, showError, sourceOf } from "../../src/device/webgpu/program";
import { selfCases } from "../../src/device/webgpu/selfTest";
import { kernelCases } from "../kernels.cases";
import { dispatchesOf, waysOf } from "./choices";
import { type Group, textOf } from "./group";

/** Every program that a kernel takes in any way, with the fewest bindings and with `most`. */
function programsOf(kernel: KernelName, most: number): Set<Program> {
  const own = <T extends { readonly kernel: KernelName }>(list: readonly T[]) =>
    list.filter((c) => c.kernel === kernel);
  const cases = own(kernelCases).filter(({ throws }) => throws === undefined);
  const found = new Set<Program>();
  for (const software of [true, false]) {
    for (const { choosing } of waysOf(software)) {
      for (const bindings of [8, most]) {
        for (const c of [...cases, ...own(selfCases)]) {
          const all = { software, ...choosing };
          for (const { program } of dispatchesOf(c, all, bindings)) found.add(program);
        }
      }
    }
  }
  return found;
}

/** Throws what the compiler says of the first wrong one. */
type Compile = (programs: ReadonlySet<Program>) => Promise<void>;

/** Makes pipelines as the library does, and runs none. */
function byPipelines(gpu: GPUDevice): Compile {
  const faults = new Faults(gpu);
  const pipelines = new Pipelines(gpu, faults);
  return async (programs) => {
    await pipelines.warmUp(programs);
    await faults.settled();
    const error = faults.error("compile");
    if (error !== null) throw error;
  };
}

function bySources(gpu: GPUDevice): Compile {
  return async (programs) => {
    const sources = new Map([...programs].map((program) => [sourceOf(program), program]));
    for (const [code, program] of sources) {
      gpu.pushErrorScope("validation"); // else the device would count as broken
      const module = gpu.createShaderModule({ code });
      const [{ messages }] = await Promise.all([module.getCompilationInfo(), gpu.popErrorScope()]);
      const first = messages.find(({ type }) => type === "error");
      if (first !== undefined) throw new Error(showError(program, first));
    }
  };
}

async function compiler(device: WebGPUDevice): Promise<Compile> {
  const { compilingGPU } = globalThis as { compilingGPU?: GPU };
  if (compilingGPU === undefined) {
    return "Deno" in globalThis ? byPipelines(device.gpu) : bySources(device.gpu);
  }
  return byPipelines(await openDevice((await compilingGPU.requestAdapter())!));
}

const CONTROL = "a wrong one is found";

export const shaderGroup: Group = {
  title: "shaders compile",
  names: [...kernelNames, CONTROL],
  async run({ device, tell }) {
    const compile = await compiler(device);
    let some: Program | undefined;
    for (const kernel of kernelNames) {
      const programs = programsOf(kernel, device.bindings);
      [some] = programs;
      const text = await textOf(() => {
        if (programs.size === 0) throw new Error("no program");
        return compile(programs);
      });
      await tell([{ name: kernel, text }]);
    }
    const wrong = { file: "wrong.wgsl", text: "const x: u32 = 1.5;" };
    const planted = { ...some!, id: 1e6, parts: [...some!.parts, wrong] };
    const text = await textOf(() => compile(new Set([planted])));
    const found = text.includes("wrong.wgsl 1:");
    await tell([{ name: CONTROL, text: found ? "" : `not found: ${text}` }]);
  },
};
