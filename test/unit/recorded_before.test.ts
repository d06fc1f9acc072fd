import { defineNeuron, max, min, sin, spike, where } from 'spiketape';
import { checkNeuron } from 'spiketape/check';
import { expect, it } from 'vitest';
import { deriveAdjoint } from '../../src/neurons/adjoint.ts';
import { surrogate } from '../../src/neurons/surrogates.ts';

/** Records the voltage that the step before left, and needs it for a derivative beside what is spiked with. */
const neuron = defineNeuron({
  name: 'Before',
  params: { a: { default: 0.9, unit: '', min: 0, max: 1, meaning: 'what is left' } },
  states: ['v'],
  equations: ({ I, z, param, state }) => {
    const u = min(max(I, -1), state.v);
    const v = param
      .a!.mul(state.v)
      .add(I)
      .sub(where(z.gt(0.5), 1, 0))
      .add(sin(u));
    return { next: { v }, v: state.v, z: spike(v.sub(1)) };
  },
});

it('a state that is saved as it was is not rebuilt from the step before, whose last spike is not known', async () => {
  const adjoint = deriveAdjoint(neuron, { surrogate: surrogate('triangle') });
  const saved = new Set(adjoint.planes.map((p) => p.node));
  expect(saved).toContain(neuron.v);
  expect(adjoint.previous).toEqual([]);
  const { error } = await checkNeuron(neuron, { engine: null });
  expect(error).toBeLessThan(1e-6);
});
