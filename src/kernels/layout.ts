import * as d from 'typegpu/data';

// Apart from kernel.ts, so that TypeGPU's types stay out of the published declarations.

/** What every kernel sees at binding 0: all that varies from step to step. Nothing of it is ever compiled in. */
export const SLOTS = 256;
export const StepBlock = d.struct({ seed: d.u32, step: d.u32, slots: d.arrayOf(d.vec4f, SLOTS / 4) });

/** The TypeGPU struct of a kernel's Dims. */
export function dimsSchema(dims: Record<string, 'u32' | 'f32'>) {
  return d.struct(
    Object.fromEntries(Object.entries(dims).map(([name, type]) => [name, type === 'u32' ? d.u32 : d.f32])),
  );
}
