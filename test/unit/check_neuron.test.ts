import { describe, expect, it } from 'vitest';
import { checkNeuron } from '../../src/check/check_neuron.ts';
import { ahp } from '../../src/neurons/ahp.ts';
import { defineNeuron } from '../../src/neurons/definition.ts';
import { detach, expr, spike, sqrt } from '../../src/neurons/expr.ts';
import { li } from '../../src/neurons/li.ts';
import { triangle } from '../../src/neurons/surrogates.ts';

const spec = (value: number) => ({ default: value, unit: '', min: 1e-3, max: 100, meaning: 'a constant' });

describe('checkNeuron', () => {
  it('reports errors, what is saved, and how often the neurons fire', async () => {
    const report = await checkNeuron(ahp(), { engine: null, constants: { tauAhp: 30, beta: 0.2 } });
    expect(report).toMatchObject({ name: 'AHP', gpu: null, flips: { count: 0, compared: 0 } });
    expect(report.error).toBeLessThan(1e-12);
    expect(report.saved.bytes).toBeGreaterThan(4);
    expect(report.rate).toBeGreaterThan(0.02);
    expect(String(report)).toMatch(/^AHP: all gradients are right\n.*no GPU.*saved per neuron and step +\d/s);
  });

  it('takes a neuron that does not spike', async () => {
    const report = await checkNeuron(li(), { engine: null });
    expect(report.error).toBeLessThan(1e-12);
    expect(report.rate).toBe(0);
  });

  it('names a surrogate whose derivative is not that of its primitive', async () => {
    const right = triangle();
    const surrogate = {
      ...right,
      name: 'off',
      derivative: (x: Parameters<typeof right.derivative>[0]) => right.derivative(x).mul(1.1),
    };
    await expect(checkNeuron(ahp(), { engine: null, surrogate })).rejects.toThrow(/that of the primitive is/);
  });

  it('names a parameter that no gradient reaches', async () => {
    const deaf = defineNeuron({
      name: 'Deaf',
      params: { keep: spec(0.8), threshold: spec(1) },
      states: ['v'],
      equations: ({ I, z, param, state }) => {
        const v = detach(param.keep).mul(state.v).mul(expr(1).sub(z)).add(I);
        return { next: { v }, z: spike(v.sub(param.threshold).div(param.threshold)), v };
      },
    });
    await expect(checkNeuron(deaf, { engine: null })).rejects.toThrow(/no gradient reaches layer\.keep/);
  });

  it('names a neuron that never fires, and one whose gradient is no number', async () => {
    const silent = defineNeuron({
      name: 'Silent',
      params: { threshold: spec(1) },
      states: ['v'],
      equations: ({ I, param, state }) => {
        const v = state.v.mul(0.5).add(I.mul(1e-12));
        return { next: { v }, z: spike(v.sub(param.threshold)), v };
      },
    });
    await expect(checkNeuron(silent, { engine: null })).rejects.toThrow(/fire at 0\.0 % of the steps at best/);
    const broken = defineNeuron({
      name: 'Broken',
      params: { threshold: spec(1) },
      states: ['v'],
      equations: ({ I, param, state }) => {
        const v = state.v.mul(0.5).add(I);
        return { next: { v: v.add(sqrt(state.v.sub(state.v))) }, z: spike(v.sub(param.threshold)), v };
      },
    });
    await expect(checkNeuron(broken, { engine: null })).rejects.toThrow(/gradient of \S+ is not a number/);
  });
});
