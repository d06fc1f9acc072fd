import { describe, expect, it } from 'vitest';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import { Parameter } from '../../src/autograd/parameter.ts';
import { HELD_BYTES, PendingGradients, type SpikeGradient } from '../../src/autograd/pending.ts';
import type { Call } from '../../src/device/device.ts';
import { Recorder } from '../../src/device/recorder.ts';
import type { Storage } from '../../src/device/storage.ts';
import { Adam, AHP, Engine, type Layer, Linear, loss, Readout, Sequential } from '../../src/index.ts';
import { assemble } from '../../src/kernels/kernel.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { dispatches, gathered } from '../support/gathered.ts';

// Gradients of weights gathered from spikes: several matrices in one dispatch, parts of time, and when they are computed.

const job = (label: string, more: Partial<SpikeGradient> = {}): SpikeGradient => {
  const memory = (name: string): Storage => ({ name, form: 'f32', shape: [3, 2, 5], role: 'transient' });
  const weight = new Parameter([5, 4], { fill: 0 });
  const [spikes, dCurrent] = [memory('spikes'), memory('dI')];
  return {
    label,
    weight,
    shape: [3, 2, 4],
    spikes,
    dCurrent,
    row0: 0,
    t0: 0,
    t1: 3,
    shift: 0,
    start: null,
    z: 0,
    work: 1,
    ...more,
  };
};

/** What is emitted, a list of labels each. */
function waiting(): { pending: PendingGradients; emitted: string[][] } {
  const emitted: string[][] = [];
  return { emitted, pending: new PendingGradients((jobs) => emitted.push(jobs.map((j) => j.label)), 10) };
}

describe('gradients wait', () => {
  it('until there are three, or until something reads them', () => {
    const { pending, emitted } = waiting();
    for (const label of ['a', 'b', 'c', 'd']) {
      pending.add(job(label));
      pending.nodeDone();
    }
    expect(emitted).toEqual([['a', 'b', 'c']]);
    pending.flush();
    pending.flush();
    expect(emitted).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('not beside another of the same matrix, whose sum they add to', () => {
    const { pending, emitted } = waiting();
    const { weight } = job('a');
    for (const label of ['a', 'b', 'c']) pending.add(job(label, label === 'b' ? {} : { weight }));
    expect(emitted).toEqual([['a', 'b']]);
  });

  it('not beside another with which the dispatch would be long', () => {
    const { pending, emitted } = waiting();
    pending.add(job('a', { work: 4 }));
    pending.add(job('b', { work: 6 }));
    pending.add(job('c'));
    expect(emitted).toEqual([['a', 'b']]);
  });

  it('not beside another with spikes before its first step', () => {
    const { pending, emitted } = waiting();
    const { dCurrent: start } = job('');
    pending.add(job('a', { shift: 1, start }));
    pending.add(job('b'));
    pending.add(job('c', { shift: 1, start }));
    expect(emitted).toEqual([['a', 'b']]);
  });

  it('no longer than their node where they hold much memory, together with what waits', () => {
    const { pending, emitted } = waiting();
    const shape = (rows: number) => ({ dCurrent: { ...job('').dCurrent, shape: [rows, 1, 4] } });
    pending.add(job('a', shape(HELD_BYTES / 16)));
    pending.nodeDone();
    expect(emitted).toEqual([]);
    pending.add(job('b', shape(HELD_BYTES / 16 + 1)));
    expect(emitted).toEqual([]);
    pending.nodeDone();
    expect(emitted).toEqual([['a', 'b']]);
  });

  it('no longer than until what they read is written again', () => {
    for (const what of ['dCurrent', 'spikes', 'start'] as const) {
      const { pending, emitted } = waiting();
      const a = job('a', { start: job('').dCurrent });
      pending.add(a);
      pending.beforeWriting(new Set([null, undefined, job('').dCurrent]));
      expect(emitted).toEqual([]);
      pending.beforeWriting(new Set([a[what]]));
      expect(emitted, what).toEqual([['a']]);
    }
  });
});

describe('in a training step', () => {
  const callsOf = async (net: Sequential, o: { layerwise?: boolean; form?: 'bits' | 'f32' } = {}): Promise<Call[]> => {
    const recorder = new Recorder();
    const engine = new Engine(recorder);
    engine.bind(net);
    const tape = engine.tape();
    const x = tape.input(new Float32Array(5 * 2 * 6), { shape: [5, 2, 6], form: o.form ?? 'bits' });
    loss.crossEntropy()(net.forward(x), [0, 1]).loss.backward();
    await new Adam({ layerwise: o.layerwise ?? false }).step(tape);
    return [...recorder.steps[0]!.calls];
  };
  const gathers = (calls: Call[]): string[] =>
    calls
      .filter((c) => c.kernel.name === 'weight_gradient_spikes')
      .map((c) => c.label.replace(/ weight gradient .*/, ''));
  const ahp = (K: number, N: number) => new AHP(K, N, { recurrent: true });

  it('three matrices of two layers are one dispatch, before the update', async () => {
    const calls = await callsOf(new Sequential(ahp(6, 9), new Readout(9, 2)));
    expect(gathers(calls)).toEqual(['1 Readout, 0 AHP, 0 AHP recurrent']);
    expect(calls.slice(-2).map((c) => c.kernel.name)).toEqual(['weight_gradient_spikes', 'adam']);
  });

  it('five are two', async () => {
    const calls = await callsOf(new Sequential(ahp(6, 9), ahp(9, 7), new Readout(7, 2)));
    expect(gathers(calls)).toEqual(['2 Readout, 1 AHP, 1 AHP recurrent', '0 AHP, 0 AHP recurrent']);
  });

  it('layer by layer each is there before its own update', async () => {
    const calls = await callsOf(new Sequential(ahp(6, 9), new Readout(9, 2)), { layerwise: true });
    expect(gathers(calls)).toEqual(['1 Readout', '0 AHP, 0 AHP recurrent']);
    const names = calls.map((c) => c.kernel.name);
    expect(names.indexOf('adam')).toBe(names.indexOf('weight_gradient_spikes') + 1);
  });

  it('a layer used twice adds, also after a dense product', async () => {
    const shared = ahp(6, 6);
    const twice = await callsOf(new Sequential(shared, shared as Layer, new Readout(6, 2)));
    expect(gathers(twice)).toEqual(['2 Readout, 1 AHP, 1 AHP recurrent', '0 AHP, 0 AHP recurrent']);
    const added = twice.filter((c) => c.kernel.name === 'weight_gradient_spikes').at(-1)!;
    expect([added.dims.accumulate_0, added.dims.accumulate_1]).toEqual([1, 1]);

    const linear = new Linear(6, 6, { bias: false });
    const mixed = await callsOf(new Sequential(linear, new AHP(6), linear as Layer, new Readout(6, 2)), {
      form: 'f32',
    });
    const [first, ...others] = mixed.filter(
      ({ kernel, label }) => /weight_gradient/.test(kernel.name) && !/^\d Readout weight/.test(label),
    );
    expect([first!.kernel.name, ...others.map((c) => c.kernel.name)]).toEqual([
      'weight_gradient',
      'weight_gradient_spikes',
    ]);
    // beside the readout's
    expect([first!.dims.accumulate, others[0]!.dims.accumulate_1]).toEqual([0, 1]);
  });
});

describe('the kernel', () => {
  it('has a loop for each job, and no barrier where a thread works alone', () => {
    for (const software of [false, true]) {
      for (const jobs of dispatches) {
        const { kernel, variant, groups } = gathered([jobs], { software }).step.calls[0]!;
        const text = assemble(kernel, variant);
        const body = text.slice(text.indexOf('fn main'));
        expect(body.match(/while \(word/g)).toHaveLength(jobs.length);
        for (const j of [0, 1, 2]) expect(body.includes(`spikes_${j}[`)).toBe(j < jobs.length);
        expect(body.includes('workgroupBarrier')).toBe(!software);
        expect(new WgslReflect(text).storage).toHaveLength(8);
        const outputs = software ? 64 : 8;
        const all = jobs.map(({ K, N }) => Math.ceil((K * Math.ceil(N / 4)) / outputs));
        expect(groups).toEqual([all.reduce((a, b) => a + b), 1, 1]);
      }
    }
  });

  it('has a twin that is the sum by its definition, over parts of time too', async () => {
    const { step, data, grads, expected } = gathered(dispatches, { software: true });
    const compiled = await new ReferenceDevice().compile(step);
    await compiled.run({ data, slots: [], seed: 0, step: 0 });
    const { words } = await compiled.read(grads);
    expect(words).toHaveLength(expected.length);
    expected.forEach((x, i) => expect(words[i]).toBeCloseTo(x, 9));
    expect(expected.filter((x) => x !== 0).length).toBeGreaterThan(expected.length / 2);
  });
});
