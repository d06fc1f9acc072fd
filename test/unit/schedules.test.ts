import { describe, expect, it } from 'vitest';
import * as schedules from '../../src/optim/schedules.ts';

describe('schedules', () => {
  it('step: every so many epochs, or at given ones', () => {
    const every = schedules.step({ every: 3, factor: 0.5 });
    expect([0, 2, 3, 5, 6, 9].map((epoch) => every(0.5, epoch))).toEqual([1, 1, 0.5, 0.5, 0.25, 0.125]);
    const at = schedules.step({ at: [2, 5] });
    expect([0, 1, 2, 4, 5, 50].map((epoch) => at(0, epoch))).toEqual([1, 1, 0.1, 0.1, 0.1 ** 2, 0.1 ** 2]);
  });

  it('cosine: half a wave, after a linear rise', () => {
    const plain = schedules.cosine();
    [0, 1 / 3, 0.5, 2 / 3, 1].forEach((done, i) => {
      expect(plain(done, 0)).toBeCloseTo([1, 0.75, 0.5, 0.25, 0][i]!, 12);
    });
    const warm = schedules.cosine({ warmup: 0.2, start: 0.5, end: 0.1 });
    [0, 0.1, 0.2, 0.6, 1].forEach((done, i) => {
      expect(warm(done, 0)).toBeCloseTo([0.5, 0.75, 1, 0.55, 0.1][i]!, 12);
    });
    expect(schedules.cosine({ warmup: 1 })(1, 0)).toBe(1);
  });

  it('one cycle: up and down, the ends as PyTorch has them', () => {
    const cycle = schedules.oneCycle();
    // half way up 1/25, 1 ; half way down 1, 1/(25e4)
    [0, 0.15, 0.3, 0.65, 1].forEach((done, i) => {
      expect(cycle(done, 0)).toBeCloseTo([0.04, 0.52, 1, 0.500002, 4e-6][i]!, 12);
    });
    expect(schedules.oneCycle({ peak: 0, initial: 2, final: 2 })(0, 0)).toBe(1);
    expect(schedules.oneCycle({ peak: 1, initial: 2 })(1, 0)).toBe(1);
  });

  it.each<[() => unknown, string]>([
    [() => schedules.step({}), 'schedules.step: needs either every or at, in epochs'],
    [() => schedules.step({ every: 1.5 }), 'schedules.step: every must be a whole number of epochs above 0, got 1.5'],
    [() => schedules.step({ at: [5, 5] }), 'schedules.step: at must be rising whole numbers of epochs, got [5,5]'],
    [() => schedules.step({ every: 1, factor: -1 }), 'schedules.step: factor must be finite and at least 0, got -1'],
    [
      () => schedules.step({ every: 1 })(0.5, undefined as unknown as number),
      'schedules.step: needs the number of whole epochs done, got undefined',
    ],
    [
      () => schedules.cosine({ warmUp: 0.1 } as object),
      "schedules.cosine: there is no option 'warmUp'; did you mean 'warmup'?",
    ],
    [() => schedules.cosine({ warmup: 2 }), 'schedules.cosine: warmup must be in 0..1, got 2'],
    [() => schedules.oneCycle({ initial: 0 }), 'schedules.oneCycle: initial must be finite and at least 1, got 0'],
  ])('refuse what cannot be: %s', (make, message) => {
    expect(make).toThrow(message);
  });
});
