import type { EpochResult, FitProgress, Snapshot } from 'spiketape';
import { describe, expect, it } from 'vitest';
import { Stretches } from '../../recipes/common/stretches.ts';

// The course of a training within its epochs, from means over the epoch so far.

/** What `fit` reports of an epoch whose loss is that of each sample: means over those up to `samples`. */
const report = (epoch: number, samples: number, lossOf: (sample: number) => number): FitProgress & EpochResult => {
  let sum = 0;
  for (let i = 0; i < samples; i++) sum += lossOf(i);
  const loss = sum / samples;
  return { epoch, samples, loss, accuracy: loss / 10 } as FitProgress & EpochResult;
};

describe('stretches of a training', () => {
  it('are means over their own samples', () => {
    const stretches = new Stretches(600, 1);
    const lossOf = (i: number) => (i < 200 ? 4 : i < 400 ? 2 : 1);
    expect([200, 205, 400].map((n) => stretches.add(report(1, n, lossOf)))).toEqual([true, false, true]);
    stretches.end(report(1, 600, lossOf));
    expect(stretches.list.map((s) => s.epoch)).toEqual([1 / 3, 2 / 3, 1]);
    [4, 2, 1].forEach((loss, k) => {
      expect(stretches.list[k]!.loss).toBeCloseTo(loss, 12);
      expect(stretches.list[k]!.accuracy).toBeCloseTo(loss / 10, 12);
    });
  });

  it('cover every epoch to its end, of which no report of progress tells', () => {
    // a sixtieth of the training is 40 samples
    const stretches = new Stretches(1200, 2);
    const lossOf = (i: number) => i;
    for (const epoch of [1, 2]) {
      for (let n = 32; n <= 1184; n += 32) stretches.add(report(epoch, n, lossOf));
      stretches.end(report(epoch, 1200, lossOf));
    }
    const ends = stretches.list.map(({ epoch }) => epoch);
    expect(ends.filter((x) => x > 0.95 && x <= 1)).toEqual([1152 / 1200, 1]);
    expect(ends.at(-1)).toBe(2);
    // weighted by their lengths, the losses are the epoch's
    const first = stretches.list.filter(({ epoch }) => epoch <= 1);
    const mean = first.reduce((sum, { epoch, loss }, k) => sum + loss * (epoch - (first[k - 1]?.epoch ?? 0)), 0);
    expect(mean).toBeCloseTo(599.5, 8);
  });

  it("take a short rest into an epoch's last stretch", () => {
    const stretches = new Stretches(600, 6);
    const lossOf = (i: number) => (i < 300 ? 2 : 1);
    for (const n of [300, 590]) stretches.add(report(1, n, lossOf));
    stretches.end(report(1, 600, lossOf));
    expect(stretches.list).toHaveLength(2);
    expect(stretches.list[1]!.epoch).toBe(1);
    expect(stretches.list[1]!.loss).toBeCloseTo(1, 12);
  });

  it('are the epochs where these are many', () => {
    const stretches = new Stretches(600, 100);
    for (let epoch = 1; epoch <= 3; epoch++) {
      for (let n = 100; n < 600; n += 100) expect(stretches.add(report(epoch, n, () => epoch))).toBe(false);
      stretches.end(report(epoch, 600, () => epoch));
    }
    expect(stretches.list.map(({ epoch, loss }) => [epoch, loss])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  it('of a training that goes on in the middle of an epoch count nothing twice', () => {
    const lossOf = (i: number) => (i < 250 ? 3 : 1);
    const before = new Stretches(600, 1);
    for (const n of [100, 200, 300]) before.add(report(1, n, lossOf));
    const sums = { samples: 250, loss: 750, correct: 75, predicted: 250 };
    const after = new Stretches(600, 1, { epoch: 1, sums: { steps: sums } } as Snapshot, before.list);
    expect(after.list).toEqual(before.list.slice(0, 2));
    after.add(report(1, 360, lossOf));
    after.end(report(1, 600, lossOf));
    expect(after.list.slice(2).map(({ epoch }) => epoch)).toEqual([0.6, 1]);
    for (const { loss } of after.list.slice(2)) expect(loss).toBeCloseTo(1, 12);
  });

  it('have no accuracy where the loss predicts no class', () => {
    const stretches = new Stretches(600, 1);
    stretches.add({ ...report(1, 300, () => 1), accuracy: Number.NaN });
    expect(stretches.list).toEqual([{ epoch: 0.5, loss: 1, accuracy: Number.NaN }]);
  });
});
