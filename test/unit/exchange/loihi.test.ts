import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type LoihiNeurons,
  nextCurrent,
  nextVoltage,
  restingState,
  step,
  wrap,
} from '../../../src/exchange/netx/loihi.ts';

const neurons = (iDecay: number, vDecay: number, vThMant = 64): LoihiNeurons => ({ iDecay, vDecay, vThMant });
const HALF = 2 ** 23;

describe('one step of a Loihi neuron, by hand', () => {
  test('a decayed state loses its fraction, towards 0 from either side', () => {
    // 101 * 3968 / 4096 = 97.84
    expect(nextVoltage(101, 0, 0, neurons(4096, 128))).toBe(97);
    expect(nextVoltage(-101, 0, 0, neurons(4096, 128))).toBe(-97);
    // 7 * 3072 / 4096 = 5.25
    expect(nextCurrent(7, 0, neurons(1024, 0))).toBe(5);
    expect(nextCurrent(-7, 0, neurons(1024, 0))).toBe(-5);
    // so that no state stays at less than a unit a step
    expect(nextVoltage(1, 0, 0, neurons(4096, 1))).toBe(0);
    expect(nextVoltage(-1, 0, 0, neurons(4096, 1)) + 0).toBe(0);
  });

  test('decays of nothing and of everything are exact', () => {
    expect(nextVoltage(12345, 0, 0, neurons(4096, 0))).toBe(12345);
    expect(nextVoltage(12345, 6, 0, neurons(4096, 4096))).toBe(6);
    expect(nextCurrent(12345, 2, neurons(4096, 0))).toBe(128);
  });

  test('weights and biases count 64', () => {
    expect(nextCurrent(0, 3, neurons(4096, 0))).toBe(192);
    expect(nextCurrent(0, -3, neurons(4096, 0))).toBe(-192);
    expect(nextVoltage(10, 192, -2, neurons(4096, 0))).toBe(10 + 192 - 128);
  });

  test('u wraps at 24 bits: -2^23 is 2^23', () => {
    expect([HALF, HALF + 1, -HALF, -HALF + 1, 0].map(wrap)).toEqual([HALF, 1 - HALF, HALF, 1 - HALF, 0]);
    expect(wrap(3 * HALF + 5)).toBe(5 - HALF);
    // 131071 * 64 = 2^23 - 64
    expect(nextCurrent(0, 131071, neurons(4096, 0))).toBe(HALF - 64);
    expect(nextCurrent(0, 131073, neurons(4096, 0))).toBe(64 - HALF);
  });

  test('v stays within 2^23 - 1', () => {
    expect(nextVoltage(HALF - 1, 1000, 0, neurons(4096, 0))).toBe(HALF - 1);
    expect(nextVoltage(1 - HALF, -1000, -4096, neurons(4096, 0))).toBe(1 - HALF);
  });

  test('a spike is above the threshold, not at it, and resets v alone', () => {
    const state = restingState(3);
    const [spikes, voltages] = [new Uint8Array(3), new Int32Array(3)];
    // 64 weights of 64 are the threshold of 64 * 64
    step(neurons(2048, 0), state, [64, 65, -65], null, spikes, voltages);
    expect([...spikes]).toEqual([0, 1, 0]);
    expect([...voltages]).toEqual([4096, 4160, -4160]);
    expect([...state.v]).toEqual([4096, 0, -4160]);
    expect([...state.u]).toEqual([4096, 4160, -4160]);
    step(neurons(2048, 0), state, [0, 0, 0], [1, 1, 1], spikes, voltages);
    expect([...state.u]).toEqual([2048, 2080, -2080]);
    expect([...spikes]).toEqual([1, 0, 0]);
    expect([...voltages]).toEqual([4096 + 2048 + 64, 2080 + 64, -4160 - 2080 + 64]);
  });
});

test('doubles hold it exactly: the same in integers of any size', () => {
  const state = fc.integer({ min: 1 - HALF, max: HALF - 1 });
  const small = fc.integer({ min: -200000, max: 200000 });
  const decay = fc.integer({ min: 1, max: 4096 });
  const left = (x: number, d: number): bigint => (BigInt(x) * BigInt(4096 - d)) / 4096n;
  fc.assert(
    fc.property(state, state, small, fc.integer({ min: -4096, max: 4095 }), decay, decay, (u, v, a, bias, du, dv) => {
      const wide = BigInt.asIntN(24, left(u, du) + 64n * BigInt(a));
      const current = nextCurrent(u, a, neurons(du, dv));
      expect(BigInt(current)).toBe(wide === -(2n ** 23n) ? 2n ** 23n : wide);
      const sum = left(v, dv) + BigInt(current) + 64n * BigInt(bias);
      const most = 2n ** 23n - 1n;
      expect(BigInt(nextVoltage(v, current, bias, neurons(du, dv)))).toBe(
        sum > most ? most : sum < -most ? -most : sum,
      );
    }),
    { numRuns: 500, seed: 6 },
  );
});
