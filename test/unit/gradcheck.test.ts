import { describe, expect, it } from 'vitest';
import type { Finding } from '../../gradcheck/check.ts';
import { allowed, type Combination, factors, nameOf, pairwise, product } from '../../gradcheck/combinations.ts';
import { losses } from '../../gradcheck/losses.ts';
import { neurons } from '../../gradcheck/neurons.ts';
import { regularizers } from '../../gradcheck/regularizers.ts';
import { summarize, table } from '../../gradcheck/summary.ts';
import { gainOf, SMALL, trialOf } from '../../gradcheck/trials.ts';
import { judged, wrong } from '../../src/check/verdict.ts';
import * as spiketape from '../../src/index.ts';
import { Neurons } from '../../src/layers/neurons.ts';
import * as surrogates from '../../src/neurons/surrogates.ts';

const { surrogateNames } = surrogates;

const combinations = pairwise(1);

describe('what is checked', () => {
  const all = Object.entries(spiketape) as [string, unknown][];

  it('has every neuron of the library', () => {
    const isNeurons = (x: unknown): boolean => typeof x === 'function' && x.prototype instanceof Neurons;
    const exported = all.filter(([name, x]) => isNeurons(x) && name !== 'Neuron').map(([name]) => name);
    expect(Object.keys(neurons).sort()).toEqual(exported.sort());
  });

  it('has every surrogate, loss and regulariser of the library', () => {
    expect(factors.surrogate).toEqual([...surrogateNames, '-']);
    // those that can be called without arguments make one
    const made = Object.entries(surrogates).filter(([, f]) => typeof f === 'function' && f.length === 0) as [
      string,
      () => surrogates.Surrogate,
    ][];
    expect(made.map(([, make]) => make().name).sort()).toEqual([...surrogateNames].sort());
    for (const [name] of made) expect(Object.keys(spiketape)).toContain(name);
    expect([...new Set(losses.map((l) => l.covers))].sort()).toEqual(Object.keys(spiketape.loss.known).sort());
    const covered = new Set(regularizers.flatMap((r) => r.covers));
    expect([...covered].sort()).toEqual(Object.keys(spiketape.regularize.known).sort());
  });

  it('is 200 combinations or more, with every allowed pair of two factors in one of them', () => {
    expect(combinations.length).toBeGreaterThanOrEqual(200);
    for (const c of combinations) expect(allowed(c), nameOf(c)).toBe(true);
    const names = Object.keys(factors);
    const seen = new Set(
      combinations.flatMap((c) => names.flatMap((a) => names.map((b) => `${a}=${c[a]} ${b}=${c[b]}`))),
    );
    const missing = names.flatMap((a) =>
      names.flatMap((b) =>
        factors[a]!.flatMap((va) =>
          factors[b]!.map((vb) => ({ pair: `${a}=${va} ${b}=${vb}`, row: { [a]: va, [b]: vb } }))
            .filter(({ pair, row }) => a < b && !seen.has(pair) && possible(row))
            .map(({ pair }) => pair),
        ),
      ),
    );
    expect(missing).toEqual([]);
  });

  it('has each spiking neuron with each surrogate', () => {
    const spiking = Object.keys(neurons).filter((n) => neurons[n]!.spiking ?? true);
    const pairs = new Set(combinations.map((c) => `${c.neuron} ${c.surrogate}`));
    for (const n of spiking) for (const s of surrogateNames) expect(pairs).toContain(`${n} ${s}`);
  });

  it('is the same for the same seed and another for another; the whole product can be walked', () => {
    expect(pairwise(1)).toEqual(combinations);
    expect(pairwise(2)).not.toEqual(combinations);
    const first: Combination[] = [];
    for (const c of product(1)) if (first.push(c) === 50) break;
    expect(new Set(first.map(nameOf)).size).toBe(50);
    for (const c of first) expect(allowed(c), nameOf(c)).toBe(true);
  });
});

describe('dual numbers against the adjoint in float64', () => {
  // in parts, so that a report says where
  const parts = 10;
  for (let part = 0; part < parts; part++) {
    const mine = combinations.filter((_, i) => i % parts === part);
    it(`combinations ${part + 1} of ${parts}`, { timeout: 120_000 }, async () => {
      for (const c of mine) {
        const { judgement } = await judged((seed) => trialOf(c, SMALL, gainOf(c).gain, seed));
        expect(wrong(judgement), nameOf(c)).toEqual([]);
      }
    });
  }
});

describe('the summary', () => {
  const good: Finding = {
    name: 'LIF, triangle',
    neuron: 'LIF',
    errors: { dual: 1e-15, central: 1e-9, gpu: 2e-6 },
    flips: { count: 1, largest: 3e-6, compared: 2e4 },
    rate: 0.1,
    problems: [],
  };
  const about = { adapter: 'none', date: '', seconds: 1, seed: 1 };

  it('adds up what was found', () => {
    const {
      combinations: n,
      failed,
      worst,
      flips,
    } = summarize([good, { ...good, errors: { dual: 2e-15, central: null, gpu: 1e-6 } }], about);
    expect({ n, failed, worst, flips }).toEqual({
      n: 2,
      failed: 0,
      worst: { dual: 2e-15, central: 1e-9, gpu: 2e-6 },
      flips: { count: 2, largest: 3e-6, compared: 4e4 },
    });
    expect(table([good]).split('\n')[1]).toMatch(/^LIF +1 +0 +1\.0e-15 +1\.0e-9 +2\.0e-6 +1 of 20000 +10 %$/);
  });

  it('counts failures, and too many spikes that differ as one', () => {
    const bad = { ...good, problems: ['wrong'] };
    const flipping = { ...good, flips: { count: 40, largest: 1e-6, compared: 2e4 } };
    expect(summarize([good, bad], about).failed).toBe(1);
    expect(summarize([good, flipping], about).failures).toEqual([
      { name: 'all', problems: ['41 of 40000 spikes differ on the GPU'] },
    ]);
  });
});

/** Whether some neuron has both values. */
function possible(row: Record<string, string>): boolean {
  const among = row.neuron === undefined ? factors.neuron! : [row.neuron];
  return among.some((neuron) => allowed({ ...row, neuron }));
}
