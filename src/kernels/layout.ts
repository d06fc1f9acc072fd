/**
 * What every kernel sees at binding 0: seed and number of the step, and all numbers that vary from step to step. Nothing of
 * it is ever compiled in. The slots begin at byte 16, as WGSL aligns vec4f.
 */
export const SLOTS = 256;
export const SLOTS_AT = 16;
export const STEP_BLOCK_SIZE = SLOTS_AT + 4 * SLOTS;

/**
 * Where the members of a Dims struct lie. They are 32-bit scalars, so each follows the one before. A test compares this, and
 * the shaders themselves, with TypeGPU's layouts, which would weigh more than all shaders together if the core carried them.
 */
export function dimsLayout(names: readonly string[]): { offsets: readonly number[]; size: number } {
  return { offsets: names.map((_, i) => 4 * i), size: 4 * names.length };
}
