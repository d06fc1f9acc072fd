import { assemble, type Kernel, type Variant, variantKey } from '../kernels/kernel.ts';
import type { Memory } from './memory.ts';

/** Compiles kernels, each variant once. */
export class Pipelines {
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  #compiling = 0;
  #since = 0;

  constructor(readonly memory: Memory) {}

  layout(kernel: Kernel): GPUBindGroupLayout {
    let layout = this.#layouts.get(kernel.name);
    if (!layout) {
      const uniform = (binding: number): GPUBindGroupLayoutEntry => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: 'uniform' },
      });
      const storage = kernel.storage.map(
        ({ access }, i): GPUBindGroupLayoutEntry => ({
          binding: 2 + i,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
        }),
      );
      layout = this.memory.device.createBindGroupLayout({
        label: kernel.name,
        entries: [uniform(0), uniform(1), ...storage],
      });
      this.#layouts.set(kernel.name, layout);
    }
    return layout;
  }

  /** @throws with the kernel's name and the compiler's messages when a variant does not compile */
  get(kernel: Kernel, variant: Variant): Promise<GPUComputePipeline> {
    const key = variantKey(kernel, variant);
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.#compile(kernel, variant);
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  async #compile(kernel: Kernel, variant: Variant): Promise<GPUComputePipeline> {
    const { device } = this.memory;
    const code = assemble(kernel, variant);
    // several are compiled side by side: what counts is the time during which any is
    if (this.#compiling++ === 0) this.#since = performance.now();
    const module = device.createShaderModule({ label: kernel.name, code });
    try {
      const pipeline = await device.createComputePipelineAsync({
        label: kernel.name,
        layout: device.createPipelineLayout({ bindGroupLayouts: [this.layout(kernel)] }),
        compute: { module, entryPoint: 'main' },
      });
      this.memory.counters.pipelines++;
      return pipeline;
    } catch (error) {
      const lines = code.split('\n');
      const { messages } = await module.getCompilationInfo();
      const said = messages.map((m) => `  line ${m.lineNum}: ${m.message}\n    ${lines[m.lineNum - 1] ?? ''}`);
      throw new Error(`kernel ${kernel.name} does not compile: ${(error as Error).message}\n${said.join('\n')}`, {
        cause: error,
      });
    } finally {
      if (--this.#compiling === 0) this.memory.counters.compileMs += performance.now() - this.#since;
    }
  }
}
