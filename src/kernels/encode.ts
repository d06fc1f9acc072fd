import text from '../../shaders/encode.wgsl';
import { defineKernel } from './kernel.ts';

/** Spikes from values; see shaders/encode.wgsl. */
export const encode = defineKernel({
  name: 'encode',
  wgsl: text,
  dims: {
    T: 'u32',
    B: 'u32',
    N: 'u32',
    input_pitch: 'u32',
    bits_along_time: 'u32',
    stream: 'u32',
    slots: 'u32',
    row: 'u32',
  },
  storage: { x: 'read', table: 'read', lengths: 'read', spikes: 'read_write' },
});

/** Numbers of the shader's KIND. */
export const ENCODING = { rate: 0, latency: 1, delta: 2, crossing: 3 } as const;

/** What an encoder computes: the part that shapes the kernel, its numbers, and its table of edges or levels. */
export interface EncodingPlan {
  readonly kind: keyof typeof ENCODING;
  /** Neurons of a population per input; 1 where the value itself is coded. */
  readonly cells: number;
  readonly table: Float32Array;
  readonly ahead: boolean;
  readonly numbers: { gain: number; threshold: number; low: number; high: number; width: number };
}

/** Neurons that an encoding makes of one input. */
export const neuronsPerInput = ({ kind, cells, table }: EncodingPlan): number =>
  kind === 'delta' ? 2 : kind === 'crossing' ? 2 * table.length : cells;

const f = Math.fround;

/**
 * Whether output neuron n of sample b fires at step t of T, in the arithmetic of the device.
 *
 * @param value the value of an input at a step
 * @param random uniform in [0, 1) for (t, n)
 */
export function fires(
  plan: EncodingPlan,
  at: { t: number; n: number; T: number },
  value: (t: number, n: number) => number,
  random: () => number,
): boolean {
  const { kind, cells, table, ahead, numbers } = plan;
  const { t, n, T } = at;
  if (t >= T) return false;
  if (kind === 'rate' || kind === 'latency') {
    const x = f(value(t, Math.floor(n / cells)));
    const r = cells === 1 ? x : response(plan, x, n % cells);
    if (kind === 'rate') return random() < f(f(numbers.gain) * r);
    return r > table[t + 1]! && r <= table[t]!;
  }
  const i = Math.floor(n / neuronsPerInput(plan));
  const was = f(value(ahead ? t : Math.max(t - 1, 0), i));
  const now = f(value(ahead ? Math.min(t + 1, T - 1) : t, i));
  const falls = n % 2 === 1;
  if (kind === 'delta') return f(falls ? was - now : now - was) >= f(numbers.threshold);
  const level = table[Math.floor(n / 2) % table.length]!;
  return was < level !== now < level && now < level === falls;
}

function response({ cells, numbers: { low, high, width } }: EncodingPlan, x: number, k: number): number {
  const centre = f(f(low) + f(f(f(f(high) - f(low)) * k) / (cells - 1)));
  const distance = f(f(x - centre) / f(width));
  return f(Math.exp(-0.5 * distance * distance));
}
