import { describe, expect, it } from 'vitest';
import { budgetOf, partsOf, whole } from '../../src/kernels/budget.ts';

describe('what is done at a time', () => {
  it('is more on a GPU than on a CPU that plays one, where no thread waits for reads', () => {
    const [gpu, software] = [budgetOf({}), budgetOf({ software: true })];
    expect(gpu.dispatch).toBeGreaterThan(software.dispatch);
    expect(gpu.submit).toBeGreaterThan(gpu.dispatch);
    expect(Number.isFinite(gpu.reads)).toBe(true);
    expect(software.reads).toBe(Number.POSITIVE_INFINITY);
    expect(budgetOf({ software: true, budget: 50 })).toMatchObject({ dispatch: 50, submit: 200 });
  });

  it('is whole words, or what fits, and never nothing', () => {
    expect([100, 64, 63.9, 31.9, 2.5, 0.1].map((n) => whole(n, 32))).toEqual([96, 64, 32, 31, 2, 1]);
  });
});

describe('parts', () => {
  it('is one where everything fits', () => {
    expect(partsOf(7, 10, 70)).toEqual([{ first: 0, last: 7, work: 70 }]);
    expect(partsOf(7, 10, 70, { multiple: 32 })).toEqual([{ first: 0, last: 7, work: 70 }]);
  });

  it('cover all rows once, within operations and rows, at multiples', () => {
    expect(partsOf(7, 10, 69)).toEqual([
      { first: 0, last: 6, work: 60 },
      { first: 6, last: 7, work: 10 },
    ]);
    expect(partsOf(70, 1, 50, { multiple: 32 }).map((p) => p.last)).toEqual([32, 64, 70]);
    expect(partsOf(70, 1, 1e9, { multiple: 8, limit: 24 }).map((p) => p.last)).toEqual([24, 48, 70]);
    expect(partsOf(3, 100, 50, { multiple: 32 }).map((p) => p.last)).toEqual([1, 2, 3]);
  });
});
