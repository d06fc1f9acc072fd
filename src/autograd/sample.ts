import { dense } from './ops/elementwise.ts';
import type { Tape } from './tape.ts';
import type { Tensor } from './tensor.ts';

/** How a net's input reaches the device: as floats, as spikes of one bit, or as pixels of one byte. */
export type SampleForm = 'f32' | 'bits' | 'bytes';

/** Some samples, time-major. */
export interface Samples {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  readonly lengths?: ArrayLike<number> | undefined;
  readonly form: SampleForm;
}

/** Brings samples into a step as a net takes them: bytes as value / 255, in 0..1. */
export function inputOf(tape: Tape, { values, shape, form, lengths }: Samples): Tensor {
  const x = tape.input(values, { shape, form, ...(lengths ? { lengths } : {}), name: 'x' });
  return form === 'bytes' ? dense(x, 1 / 255) : x;
}
