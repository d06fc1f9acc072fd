import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare } from '../../../src/exchange/compare.ts';
import { makeSample } from '../../../src/exchange/sample.ts';
import {
  checkSnntorch,
  decodeSnntorch,
  encodeSnntorch,
  inspectSnntorch,
  replaySnntorch,
} from '../../../src/exchange/snntorch/index.ts';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '../../../src/io/safetensors.ts';
import { AHP } from '../../../src/layers/ahp.ts';
import { Alpha } from '../../../src/layers/alpha.ts';
import { Conv2d } from '../../../src/layers/conv2d.ts';
import { CubaLIF } from '../../../src/layers/cuba_lif.ts';
import { Flatten } from '../../../src/layers/flatten.ts';
import { LIF } from '../../../src/layers/lif.ts';
import { Linear } from '../../../src/layers/linear.ts';
import { AvgPool2d } from '../../../src/layers/pool2d.ts';
import { Readout } from '../../../src/layers/readout.ts';
import { Residual } from '../../../src/layers/residual.ts';
import { Sequential } from '../../../src/layers/sequential.ts';

interface Fixture {
  readonly input: number[][];
  readonly nets: Record<
    string,
    {
      readonly options: { readonly order?: string; readonly resetDelay?: boolean };
      readonly file: string;
      readonly record: Record<string, { readonly spikes: string[]; readonly last: number[] }>;
    }
  >;
}

const made = JSON.parse(
  readFileSync(new URL('../../fixtures/exchange/snntorch.json', import.meta.url), 'utf8'),
) as Fixture;
const input = {
  T: made.input.length,
  B: 1,
  N: made.input[0]!.length,
  inputs: Float32Array.from(made.input.flat()),
};
const bytesOf = (name: string): Uint8Array => Uint8Array.from(Buffer.from(made.nets[name]!.file, 'base64'));
const mainOf = (files: readonly { bytes: Uint8Array }[]): Uint8Array => files[0]!.bytes;

/** A file with some of its tensors changed. */
function changed(bytes: Uint8Array, change: (tensors: Map<string, NamedTensor>) => void): Uint8Array {
  const { tensors } = decodeSafetensors(bytes.slice());
  const list = new Map([...tensors].map(([name, t]) => [name, { name, ...t } as NamedTensor]));
  change(list);
  return encodeSafetensors([...list.values()], { format: 'pt' });
}

describe('files of snnTorch 1.0.0', () => {
  it.each(Object.keys(made.nets))('%s: fires the spikes that snnTorch fired', async (name) => {
    const { options, record } = made.nets[name]!;
    const { layers } = await replaySnntorch(bytesOf(name), input, options);
    const recorded = Object.values(record);
    expect(layers.length).toBe(recorded.length);
    layers.forEach(({ N, spikes, voltage }, i) => {
      const { spikes: expected, last } = recorded[i]!;
      expect(expected.join('')).toContain('1');
      expect(Array.from(spikes!).join('')).toBe(expected.join(''));
      Array.from(voltage!.subarray(-N)).forEach((v, n) => expect(v).toBeCloseTo(last[n]!, 5));
    });
  });

  it('comes in as a net of the usual layers, with what it could not take over', async () => {
    const { net, notes } = await decodeSnntorch(bytesOf('attributes'));
    expect(net.layers.map((l) => l.config.kind)).toEqual(['Linear', 'LIF', 'Linear', 'LIF']);
    expect(notes).toEqual(["module 'lif1': its recurrent bias is in the bias before it, as float32 has their sum"]);
    const resets = await decodeSnntorch(bytesOf('resets'), { resetDelay: false });
    expect(resets.notes.join('\n')).toMatch(/'1': where .* takes another one off.*\n.*'1': beta is outside 0 \.\. 1/);
    const synapses = await decodeSnntorch(bytesOf('synapses'), { order: '0,1,2,3(reset_delay=False),4,5(kind=Alpha)' });
    expect(synapses.net.layers.map((l) => l.config.kind)).toEqual([
      'Linear',
      'CubaLIF',
      'Linear',
      'CubaLIF',
      'Linear',
      'Alpha',
    ]);
  });

  it('is shown module by module', () => {
    const { facts, nodes } = inspectSnntorch(bytesOf('attributes'));
    expect(facts.order).toBe('fc1, lif1, fc2, lif2');
    expect(nodes[1]).toMatchObject({ name: 'lif1', type: 'RLeaky', shape: '[6, 6]', from: ['fc1'] });
    expect(nodes[3]!.detail).toContain('reset zero');
  });

  it('is refused where it cannot be told or held, by the module', async () => {
    const file = bytesOf('attributes');
    const self = changed(file, (t) => ((t.get('lif1.recurrent.weight')!.data as Float32Array)[7] = 0.5));
    await expect(decodeSnntorch(self)).rejects.toThrow(
      "module 'lif1': recurrent.weight: 1 of 6 neurons have a weight to themselves, the first 1",
    );
    expect((await decodeSnntorch(self, { diagonal: 'drop' })).notes.join()).toContain('left out');
    const graded = changed(file, (t) => ((t.get('lif2.graded_spikes_factor')!.data as Float32Array)[0] = 2));
    await expect(decodeSnntorch(graded)).rejects.toThrow("module 'lif2': graded_spikes_factor is 2");
    const extra = changed(file, (t) =>
      t.set('bn.running_mean', { name: 'bn.running_mean', dtype: 'F32', shape: [1], data: new Float32Array(1) }),
    );
    await expect(decodeSnntorch(extra)).rejects.toThrow("tensor 'bn.running_mean' belongs to no module");
    await expect(decodeSnntorch(file, { order: 'fc1,lif2,fc2,lif1' })).rejects.toThrow(
      "module 'lif2': beta must have one number or 6",
    );
    await expect(decodeSnntorch(file, { order: 'fc1,lif1,fc2' })).rejects.toThrow("order leaves out 'lif2'");
    await expect(decodeSnntorch(file, { order: 'fc1,lif1,fc2,lif3' })).rejects.toThrow("order names 'lif3'");
    const alike = changed(file, (t) => {
      for (const name of ['lif1', 'lif2'])
        for (const key of [...t.keys()].filter((k) => k.startsWith(`${name}.re`) && !k.endsWith('val'))) t.delete(key);
      for (const name of ['lif1', 'lif2'])
        t.set(`${name}.beta`, { name: `${name}.beta`, dtype: 'F32', shape: [], data: Float32Array.of(0.9) });
    });
    await expect(decodeSnntorch(alike)).rejects.toThrow(
      "several orders, such as 'fc1, lif1, fc2, lif2' and 'fc1, lif2, fc2, lif1'",
    );
  });
});

describe('export to snnTorch', () => {
  it('writes keys, types and shapes that strict loading wants', async () => {
    const net = new Sequential(
      new LIF(3, 5, { semantics: 'snntorch', beta: 0.9, recurrent: true, bias: true }),
      new LIF(5, 4, { semantics: 'snntorch', tau: { uniform: [5, 20] }, recurrent: 'one-to-one' }),
    );
    const { files, lost } = await encodeSnntorch(net, { name: 'n' });
    expect(lost).toEqual([]);
    expect(files.map((f) => f.name)).toEqual(['n.safetensors', 'n_snntorch.py']);
    const { tensors } = decodeSafetensors(mainOf(files));
    const all = [...tensors].map(([name, t]) => `${name} ${t.dtype} [${t.shape}]`).sort();
    expect(all).toEqual([
      '0.bias F32 [5]',
      '0.weight F32 [5,3]',
      '1.beta F32 []',
      '1.graded_spikes_factor F32 []',
      '1.recurrent.bias F32 [5]',
      '1.recurrent.weight F32 [5,5]',
      '1.reset_mechanism_val I64 []',
      '1.threshold F32 []',
      '2.weight F32 [4,5]',
      '3.V F32 [4]',
      '3.beta F32 [4]',
      '3.graded_spikes_factor F32 []',
      '3.recurrent.V F32 [4]',
      '3.reset_mechanism_val I64 []',
      '3.threshold F32 []',
    ]);
    const python = new TextDecoder().decode(files[1]!.bytes);
    expect(python).toContain('snn.RLeaky(beta=torch.full((4,), ');
    expect(python).toContain("linear_features=5, reset_mechanism='subtract', init_hidden=True)");
  });

  it('refuses what it cannot hold and says what it loses, by the layer', () => {
    const lines = (net: Sequential): string => {
      const { refused, lost, notes } = checkSnntorch(net);
      return [...refused.map((r) => `refused ${r}`), ...lost.map((l) => `lost ${l}`), ...notes].join('\n');
    };
    expect(lines(new Sequential(new AHP(3, 4)))).toMatch(/refused 0 AHP: snnTorch's modules have nothing/);
    expect(lines(new Sequential(new Residual(new Linear(3, 3))))).toMatch(/refused 0 Residual: has branches/);
    expect(lines(new Sequential(new Readout(3, 2, { delay: 1 })))).toMatch(/refused 0 Readout: delay 1/);
    expect(lines(new Sequential(new LIF(3, 4, { resetTo: -1 })))).toMatch(/refused 0 LIF: reset 'value'/);
    expect(lines(new Sequential(new LIF(3, { inputGain: 'dt/tau' })))).toMatch(/refused 0 LIF: has an input gain/);
    expect(lines(new Sequential(new LIF(3, 4, { refractory: 2 })))).toMatch(/lost 0 LIF: refractory 2/);
    expect(lines(new Sequential(new LIF(3, 4)))).toMatch(/lost 0 LIF: reset 'subtract' with resetMoment 'same step'/);
    const tied = new LIF(3, 3, { semantics: 'snntorch' });
    expect(lines(new Sequential(tied, tied))).toMatch(/refused 1 LIF: stands in several places/);
    expect(lines(new Sequential(new LIF(3, 4, { reset: 'zero' })))).not.toMatch(/lost|refused/);
  });

  it('tells what snnTorch itself will do with a reset that it does otherwise', async () => {
    const net = new Sequential(new LIF(8, 12, { weightGain: 4 }), new Readout(12, 3));
    const sample = await makeSample(net, { T: 100 });
    const { files } = await encodeSnntorch(net);
    const comparison = await compare(net, sample, await replaySnntorch(mainOf(files), sample));
    expect(comparison.equal).toBe(false);
    expect(comparison.differ).toBeGreaterThan(0);
  });

  it('keeps planes, windows and constants by neuron', async () => {
    const conv = new Conv2d([2, 6, 5], 4, [3, 2], { stride: [1, 2], padding: [1, 0], connections: { density: 0.7 } });
    const pool = new AvgPool2d(conv.outputShape, 2);
    const net = new Sequential(
      new Sequential(conv, new LIF(conv.outputs, { semantics: 'snntorch', threshold: 0.3, tau: { uniform: [5, 30] } })),
      pool,
      new Flatten(pool.outputShape),
      new LIF(pool.outputs, 5, { semantics: 'snntorch', threshold: 0.3, recurrent: true }),
      new Linear(5, 2),
    );
    const sample = await makeSample(net, { T: 60 });
    const { files, lost } = await encodeSnntorch(net);
    expect(lost).toEqual([]);
    const comparison = await compare(net, sample, await replaySnntorch(mainOf(files), sample));
    expect(comparison).toMatchObject({ differ: 0, equal: true });
    expect(comparison.spikes).toBeGreaterThan(50);
  });

  it('random nets come back and fire the same spikes', async () => {
    const layer = fc.record({
      kind: fc.constantFrom('LIF', 'CubaLIF', 'Alpha'),
      N: fc.integer({ min: 1, max: 6 }),
      reset: fc.constantFrom<'zero' | 'subtract' | 'none'>('zero', 'subtract', 'none'),
      recurrent: fc.constantFrom<false | 'dense' | 'one-to-one'>(false, 'dense', 'one-to-one'),
      gain: fc.constantFrom<'one' | 'one minus alpha' | 'dt/tau'>('one', 'one minus alpha', 'dt/tau'),
      several: fc.boolean(),
      bias: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(layer, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 0, max: 999 }),
        async (list, seed) => {
          let inputs = 3;
          const layers = list.map(({ kind, N, reset, recurrent, gain, several, bias }) => {
            const tau = several ? { uniform: [4, 40] as const } : 15;
            const common = { resetMoment: 'next step after leak', recurrent, bias, weightGain: 3 } as const;
            const before = inputs;
            inputs = N;
            if (kind === 'LIF') return new LIF(before, N, { ...common, reset, tau, inputGain: gain });
            if (kind === 'CubaLIF') return new CubaLIF(before, N, { ...common, reset, tau, synapticGain: gain });
            return new Alpha(before, N, { ...common, recurrent: false, reset: reset === 'none' ? 'none' : 'zero' });
          });
          const net = new Sequential(...layers, new Readout(inputs, 2)).initialize(seed);
          const sample = await makeSample(net, { T: 40, B: 1, seed });
          const { files, lost } = await encodeSnntorch(net);
          expect(lost).toEqual([]);
          const comparison = await compare(net, sample, await replaySnntorch(mainOf(files), sample));
          expect(comparison.equal, JSON.stringify(comparison)).toBe(true);
        },
      ),
      { numRuns: 10, seed: 11 },
    );
  });
});
