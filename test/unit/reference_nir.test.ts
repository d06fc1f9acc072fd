import { expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { nirTrace } from '../support/nir.ts';

it("the NIR paper's single LIF neuron: the same spikes, voltages within 1e-6", async () => {
  const { spikes, voltages, expected } = await nirTrace(new Engine(new ReferenceDevice()));
  expect(expected.spikes.length).toBe(4);
  expect(spikes).toEqual(expected.spikes);
  const worst = Math.max(...expected.voltages.map((v, t) => Math.abs(v - voltages[t]!)));
  expect(worst).toBeLessThan(1e-6);
});
