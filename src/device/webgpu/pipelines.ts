// Pipelines, by program: made on first use or ahead of it, kept for the life of the device. Every
// shader is made inside an error scope, so that no wrong one is ever silent.

import { STAGE_COMPUTE } from "./constants";
import type { Faults } from "./faults";
import { type Program, showError, sourceOf } from "./program";

/** Bytes of the uniform binding; no program has more. */
export const UNIFORM = 256;

/** The layouts of programs with the same bindings. */
interface Layout {
  readonly group: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

export class Pipelines {
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #made: GPUComputePipeline[] = [];
  readonly #layouts: Layout[] = [];
  #count = 0;

  constructor(device: GPUDevice, faults: Faults) {
    this.#device = device;
    this.#faults = faults;
  }

  /** Pipelines made so far. */
  get count(): number {
    return this.#count;
  }

  get(program: Program): GPUComputePipeline {
    return this.#made[program.id] ?? this.#make(program);
  }

  groupLayout(program: Program): GPUBindGroupLayout {
    return this.#layout(program).group;
  }

  /** Makes pipelines ahead of use, without holding up this thread. */
  async warmUp(programs: Iterable<Program>): Promise<void> {
    const waiting: Promise<void>[] = [];
    for (const program of new Set(programs)) {
      if (this.#made[program.id] !== undefined) continue;
      const { module, descriptor } = this.#faults.scoped(
        "validation",
        () => this.#describe(program),
        ({ module }, error) => this.#explain(program, module, error.message),
      );
      const done = this.#device.createComputePipelineAsync(descriptor).then(
        (pipeline) => {
          if (this.#made[program.id] === undefined) this.#count += 1;
          this.#made[program.id] = pipeline;
        },
        async (error: Error) =>
          this.#faults.report(await this.#explain(program, module, error.message)),
      );
      waiting.push(done);
    }
    await Promise.all(waiting);
  }

  #make(program: Program): GPUComputePipeline {
    const { pipeline } = this.#faults.scoped(
      "validation",
      () => {
        const { module, descriptor } = this.#describe(program);
        return { module, pipeline: this.#device.createComputePipeline(descriptor) };
      },
      ({ module }, error) => this.#explain(program, module, error.message),
    );
    this.#made[program.id] = pipeline;
    this.#count += 1;
    return pipeline;
  }

  #describe(program: Program) {
    const { label, constants } = program;
    const module = this.#device.createShaderModule({ label, code: sourceOf(program) });
    const descriptor: GPUComputePipelineDescriptor = {
      label,
      layout: this.#layout(program).pipeline,
      compute: { module, entryPoint: "main", constants },
    };
    return { module, descriptor };
  }

  /** What is wrong with a program, as the compiler says it. */
  async #explain(program: Program, module: GPUShaderModule, message: string): Promise<string> {
    const { messages } = await module.getCompilationInfo();
    const first = messages.find(({ type }) => type === "error");
    if (first !== undefined) return showError(program, first);
    return `${program.label}: its WGSL kernel makes no pipeline: ${message}`;
  }

  #layout({ reads, writes }: Program): Layout {
    const at = reads * 32 + writes; // each below 32: no two layouts share a place
    this.#layouts[at] ??= this.#makeLayout(reads, writes);
    return this.#layouts[at];
  }

  #makeLayout(reads: number, writes: number): Layout {
    const label = `${reads} read, ${writes} written`;
    const visibility = STAGE_COMPUTE;
    const entries: GPUBindGroupLayoutEntry[] = [];
    for (let binding = 0; binding < reads + writes; binding++) {
      const type = binding < reads ? "read-only-storage" : "storage";
      entries.push({ binding, visibility, buffer: { type, minBindingSize: 16 } });
    }
    entries.push({
      binding: reads + writes,
      visibility,
      buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: UNIFORM },
    });
    const group = this.#device.createBindGroupLayout({ label, entries });
    return {
      group,
      pipeline: this.#device.createPipelineLayout({ label, bindGroupLayouts: [group] }),
    };
  }
}
