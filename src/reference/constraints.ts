import { pcg, randomBits } from '../kernels/random.ts';
import { floatOf } from './float_bits.ts';
import type { Twin } from './twin.ts';

const NONE = 0xffffffff;
const NOISE_STREAMS = 0x40000000;

/** Twin of constrain: gradients of missing connections and weights of the wrong sign become 0, values return to their range. */
export const constrain: Twin = (c) => {
  const [table, params] = [c.of('table'), c.of('params')];
  for (let k = 0; k < c.dims.entries!; k++) {
    const entry = table.subarray(6 * k, 6 * k + 6);
    const [first, weight, by, pre] = entry as unknown as [number, number, number, number];
    const [lowest, highest] = [floatOf(entry[4]!), floatOf(entry[5]!)];
    const end = k + 1 < c.dims.entries! ? table[6 * (k + 1)]! : c.dims.total!;
    for (let i = 0; i < end - first; i++) {
      if (c.flag('GRADIENTS')) {
        if (params[by + i] === 0) c.of('grads')[weight + i] = 0;
        continue;
      }
      const w = params[weight + i]!;
      const signed = by !== NONE && w * params[by + (i % pre)]! < 0 ? 0 : w;
      params[weight + i] = Math.min(highest, Math.max(lowest, signed));
    }
  }
};

/** Twin of rewire: which connections go, then which come. */
export const rewire: Twin = (c) => {
  const FIELDS = 10;
  const [table, params] = [c.of('table'), c.of('params')];
  for (let k = 0; k < table.length / FIELDS; k++) {
    const entry = table.subarray(FIELDS * k, FIELDS * (k + 1));
    const [weight, mask, signs, length, pre, noDiagonal, connections, stream] = entry as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const [l1, noise] = [floatOf(entry[8]!), floatOf(entry[9]!)];
    let active = 0;
    for (let i = 0; i < length; i++) {
      const sign = params[mask + i]!;
      const moved = noise > 0 ? noise * normal(c.seed, (stream | NOISE_STREAMS) >>> 0, c.step, i) : 0;
      const size = sign * params[weight + i]! - l1 + moved;
      if (sign !== 0 && !(size < 0)) {
        active++;
        params[weight + i] = sign * size;
        continue;
      }
      params[weight + i] = 0;
      params[mask + i] = 0;
      if (sign !== 0 && c.flag('HAS_MOMENTS'))
        for (let s = 0; s < c.dims.slabs!; s++) c.of('moments')[s * c.dims.trainable! + weight + i] = 0;
    }
    const dormant = Array.from({ length }, (_, i) => i)
      .filter((i) => params[mask + i] === 0 && !(noDiagonal && Math.floor(i / pre) === i % pre))
      .map((i) => ({ i, bits: randomBits(c.seed, stream, c.step, i) }))
      .sort((a, b) => a.bits - b.bits);
    for (const { i, bits } of dormant.slice(0, Math.max(0, connections - active))) {
      const drawn = pcg(bits) & 1 ? 1 : -1;
      params[mask + i] = signs === NONE ? drawn : params[signs + (i % pre)]!;
    }
  }
};

/** A standard normal number (Box & Muller 1958). */
function normal(seed: number, stream: number, step: number, index: number): number {
  const uniform = (i: number): number => randomBits(seed, stream, step, i) >>> 8;
  return (
    Math.sqrt(-2 * Math.log((uniform(2 * index) + 1) / 2 ** 24)) *
    Math.cos(2 * Math.PI * (uniform(2 * index + 1) / 2 ** 24 - 0.5))
  );
}
