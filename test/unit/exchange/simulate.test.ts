import { AHP, LIF, Linear, Readout, Sequential } from 'spiketape';
import { describe, expect, it } from 'vitest';
import { compare } from '../../../src/exchange/compare.ts';
import { makeSample } from '../../../src/exchange/sample.ts';
import { simulate } from '../../../src/exchange/simulate.ts';
import { effectiveWeights } from '../../../src/exchange/weights.ts';

const net = (): Sequential =>
  new Sequential(
    new AHP(7, 13, { recurrent: true, adaptive: 5, weightGain: 2 }),
    new Linear(13, 9),
    new LIF(9, { reset: 'zero' }),
    new Readout(9, 3),
  );

describe('simulate', () => {
  it('gives spikes and voltages of every layer of neurons, and the output', async () => {
    const n = net();
    const sample = await makeSample(n, { T: 50 });
    const { layers, outputs } = await simulate(n, sample);
    expect(layers.map(({ label, N, spikes }) => [label, N, spikes !== null])).toEqual([
      ['0 AHP', 13, true],
      ['2 LIF', 9, true],
      ['3 Readout', 3, false],
    ]);
    for (const { N, spikes, voltage } of layers) {
      expect(voltage).toHaveLength(50 * 2 * N);
      if (spikes) expect(spikes.every((z) => z === 0 || z === 1)).toBe(true);
      if (spikes) expect(spikes).toContain(1);
    }
    expect(outputs).toEqual(layers[2]!.voltage);
    const v = layers[0]!.voltage!;
    expect(v.every((x, i) => (x > 1 ? 1 : 0) === layers[0]!.spikes![i])).toBe(true);
  });

  it('agrees with itself, and finds a single spike that another program left out', async () => {
    const n = net();
    const sample = await makeSample(n);
    const activity = await simulate(n, sample);
    expect(await compare(n, sample, activity)).toMatchObject({
      differ: 0,
      apart: 0,
      voltage: 0,
      output: 0,
      equal: true,
    });
    activity.layers[0]!.spikes![activity.layers[0]!.spikes!.indexOf(1)] = 0;
    const other = await compare(n, sample, activity);
    expect(other.differ).toBeGreaterThan(0);
    expect(other.equal).toBe(false);
  });

  it('reads weights as the kernels do', () => {
    const layer = new LIF(3, 3, {
      recurrent: true,
      connections: { mask: ['101', '111', '010'], signs: [1, -1, 1] },
    });
    new Sequential(layer);
    layer.params.weight!.data.fill(2);
    layer.params['recurrent.weight']!.data.fill(2);
    expect([...effectiveWeights(layer, 'weight')]).toEqual([2, 0, 2, 2, 0, 2, 0, 0, 0]);
    expect([...effectiveWeights(layer, 'recurrent.weight')]).toEqual([0, 2, 2, 2, 0, 2, 2, 2, 0]);
  });
});
