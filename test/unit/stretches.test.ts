import type { FitProgress } from 'spiketape';
import { describe, expect, it } from 'vitest';
import { Stretches } from '../../recipes/common/stretches.ts';

// The course of a training within its epochs, from means over the epoch so far.

/** What `fit` reports of an epoch of 600 samples whose loss is that of each sample: means over those up to `samples`. */
const report = (epoch: number, samples: number, lossOf: (sample: number) => number): FitProgress => {
  let sum = 0;
  for (let i = 0; i < samples; i++) sum += lossOf(i);
  const loss = sum / samples;
  const others = { spikeRate: 0, voltageMin: 0, voltageMax: 0, steps: 60 };
  return { epoch, samples, loss, accuracy: loss / 10, step: samples / 10, ...others };
};

describe('stretches of a training', () => {
  it('are means over their own samples', () => {
    const stretches = new Stretches(600, 1);
    const lossOf = (i: number) => (i < 200 ? 4 : i < 400 ? 2 : 1);
    expect([200, 205, 400, 600].map((n) => stretches.add(report(1, n, lossOf)))).toEqual([true, false, true, true]);
    expect(stretches.list.map((s) => s.epoch)).toEqual([1 / 3, 2 / 3, 1]);
    [4, 2, 1].forEach((loss, k) => {
      expect(stretches.list[k]!.loss).toBeCloseTo(loss, 12);
      expect(stretches.list[k]!.accuracy).toBeCloseTo(loss / 10, 12);
    });
  });

  it('begin anew with each epoch', () => {
    const stretches = new Stretches(600, 2);
    for (const epoch of [1, 2]) for (const n of [300, 600]) stretches.add(report(epoch, n, () => epoch));
    expect(stretches.list.map(({ epoch, loss }) => [epoch, loss])).toEqual([
      [0.5, 1],
      [1, 1],
      [1.5, 2],
      [2, 2],
    ]);
  });

  it('are at most sixty, and none of many epochs', () => {
    const [few, many] = [new Stretches(600, 3), new Stretches(600, 20)];
    for (let epoch = 1; epoch <= 3; epoch++)
      for (let n = 1; n <= 600; n++) for (const s of [few, many]) s.add(report(epoch, n, () => 1));
    expect(few.list).toHaveLength(60);
    expect(many.list).toHaveLength(0);
  });

  it('of a training that goes on in the middle of an epoch count nothing twice', () => {
    const before = new Stretches(600, 1);
    for (const n of [100, 200, 300]) before.add(report(1, n, () => 3));
    // goes on from a checkpoint at 250
    const after = new Stretches(600, 1, 250 / 600, before.list);
    expect(after.list).toHaveLength(2);
    const lossOf = (i: number) => (i < 260 ? 3 : 1);
    for (const n of [260, 360]) after.add(report(1, n, lossOf));
    expect(after.list).toHaveLength(3);
    expect(after.list[2]).toMatchObject({ epoch: 0.6 });
    expect(after.list[2]!.loss).toBeCloseTo(1, 12);
  });
});
