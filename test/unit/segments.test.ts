import { describe, expect, it } from 'vitest';
import { chooseSegments } from '../../src/kernels/segments.ts';

const MiB = 2 ** 20;
const split = { low: false, split: true };
const low = { low: true, split: true };
/** B 256, N 240 of AHP: sMNIST's hidden layer. */
const smnist = { T: 840, planes: 1, states: 2 };
const planeBytes = 256 * 240 * 4;
/** Steps of it that 128 MiB hold. */
const bound = Math.floor((128 * MiB) / planeBytes);
const any = { bound, run: 10_000 };
const all = { bound: 10_000, run: 10_000 };

describe('what a layer keeps of its forward pass', () => {
  it('is everything in one buffer where it fits', () => {
    expect(chooseSegments({ ...smnist, T: 500 }, any, split)).toEqual({
      list: [{ t0: 0, t1: 500 }],
      replay: false,
    });
  });

  it('is in several buffers where it would be longer than a binding: 206 MB on an adapter that binds 128 MiB', () => {
    const { list, replay } = chooseSegments(smnist, any, split);
    expect(replay).toBe(false);
    expect(list).toEqual([
      { t0: 0, t1: 544 },
      { t0: 544, t1: 840 },
    ]);
    for (const { t0, t1 } of list) expect((t1 - t0) * planeBytes).toBeLessThanOrEqual(128 * MiB);
  });

  it('is not cut where another operation reads it', () => {
    expect(chooseSegments(smnist, any, { low: true, split: false }).list).toHaveLength(1);
  });

  it.each([
    [1, 1],
    [1, 2],
    [2, 2],
    [3, 3],
  ])(
    'with low memory, %i planes and %i states: fewer bytes than the whole trace, parts that cover time once',
    (planes, states) => {
      for (const T of [16, 17, 50, 63, 200, 500, 3200]) {
        const { list, replay } = chooseSegments({ T, planes, states }, all, low);
        expect(list[0]!.t0).toBe(0);
        expect(list.at(-1)!.t1).toBe(T);
        for (const [i, s] of list.slice(1).entries()) expect(s.t0).toBe(list[i]!.t1);
        const longest = Math.max(...list.map((s) => s.t1 - s.t0));
        expect(replay).toBe(true);
        if (list.length > 1) expect(planes * longest + states * (list.length - 1)).toBeLessThan(planes * T);
        if (T >= 50) expect(list.length).toBeGreaterThan(1);
      }
    },
  );

  it('with low memory runs fewer than 16 steps again at once, unless that would keep a plane beside', () => {
    for (const T of [1, 2, 7, 15])
      expect(chooseSegments({ ...smnist, T }, any, low)).toEqual({ list: [{ t0: 0, t1: T }], replay: true });
    expect(chooseSegments({ ...smnist, T: 15, beside: 1 }, any, low).replay).toBe(false);
    expect(chooseSegments({ ...smnist, T: 200, beside: 1 }, any, low).replay).toBe(false);
    expect(chooseSegments({ ...smnist, T: 200, planes: 2, beside: 1 }, any, low).replay).toBe(true);
  });

  it('with low memory cuts long sequences between words of spikes along time', () => {
    const lengths = [50, 200, 840, 3200].map((T) => chooseSegments({ ...smnist, T }, any, low).list[0]!.t1);
    expect(lengths).toEqual([10, 32, 32, 96]);
  });

  it('with low memory keeps every part within a binding', () => {
    const { list } = chooseSegments({ T: 10_000, planes: 1, states: 1 }, { bound: 32, run: 10_000 }, low);
    for (const { t0, t1 } of list) expect(t1 - t0).toBeLessThanOrEqual(32);
  });

  it('saves nothing where nothing is needed', () => {
    expect(chooseSegments({ ...smnist, planes: 0 }, any, low).replay).toBe(false);
  });
});
