import { describe, expect, test } from 'vitest';
import { compare } from '../../../src/exchange/compare.ts';
import { netOf } from '../../../src/exchange/netx/decode.ts';
import { checkNetx, encodeNetx } from '../../../src/exchange/netx/index.ts';
import { planOf } from '../../../src/exchange/netx/plan.ts';
import { readNetxTree } from '../../../src/exchange/netx/read.ts';
import { netxTree } from '../../../src/exchange/netx/write.ts';
import { simulate } from '../../../src/exchange/simulate.ts';
import { AHP } from '../../../src/layers/ahp.ts';
import { ALIF } from '../../../src/layers/alif.ts';
import { BatchNorm } from '../../../src/layers/batch_norm.ts';
import { Conv2d } from '../../../src/layers/conv2d.ts';
import { CubaLIF } from '../../../src/layers/cuba_lif.ts';
import { Dropout } from '../../../src/layers/dropout.ts';
import { Flatten } from '../../../src/layers/flatten.ts';
import { IF } from '../../../src/layers/if.ts';
import type { Layer } from '../../../src/layers/layer.ts';
import { LIF } from '../../../src/layers/lif.ts';
import { Linear } from '../../../src/layers/linear.ts';
import { SumPool2d } from '../../../src/layers/pool2d.ts';
import { Readout } from '../../../src/layers/readout.ts';
import { Residual } from '../../../src/layers/residual.ts';
import { Sequential } from '../../../src/layers/sequential.ts';

import { onGrid, replay, spikes, zero } from './netx_nets.ts';

describe('layers', () => {
  const refusedBy = (...layers: Layer[]): readonly string[] => checkNetx(new Sequential(...layers)).refused;

  test.each<[Layer[], string]>([
    [[new AHP(2, 2)], '0 AHP: has an after-hyperpolarisation current'],
    [[new ALIF(2, 2)], '0 ALIF: has a threshold that moves'],
    [[new LIF(2, 2)], "0 LIF: loses the threshold at a spike (reset 'subtract')"],
    [[new LIF(2, 2, { reset: 'none' })], '0 LIF: is not reset at a spike'],
    [[new LIF(2, 2, { resetTo: -0.5 })], '0 LIF: is reset to -0.5 at a spike'],
    [[new LIF(2, 2, { ...zero, resetMoment: 'next step before leak' })], '0 LIF: is reset in the step after a spike'],
    [[new LIF(2, 2, { ...zero, refractory: 1 })], '0 LIF: has a refractory period'],
    [[new LIF(2, 2, { ...zero, refractory: 3 })], '0 LIF: has a refractory period'],
    [[new CubaLIF(2, 2, { semantics: 'norse' })], '0 CubaLIF: sees its synaptic current a step late'],
    [[new IF(2, 2, zero), new Readout(2, 1)], '1 Readout: does not spike'],
    [[new IF(2, 2, zero), new Linear(2, 1)], '1 Linear: is followed by no neurons'],
    [[new Linear(2, 2), new Linear(2, 2), new IF(2, zero)], '1 Linear: follows 0 Linear without neurons between them'],
    [[new Linear(2, 2), new IF(2, 2, zero)], '1 IF: has weights of its own behind other weights'],
    [[new Residual(new IF(2, 2, zero))], "0 Residual: NetX's layers are a chain"],
    [[new SumPool2d([1, 2, 2], 2), new IF(1, 1, zero)], '0 SumPool2d: NetX reads no pooling'],
    [[new BatchNorm(2), new IF(2, zero)], '0 BatchNorm: normalises what no Linear'],
    [[new Conv2d([1, 2, 2], 1, 1), new IF(4, { ...zero, recurrent: true })], '1 IF: is recurrent behind a convolution'],
    [[new Conv2d([1, 4, 4], 1, 2, { padding: 'same' }), new IF(16, zero)], '0 Conv2d: has more zeros behind'],
    [[new IF(4, 4, zero), new Conv2d([1, 2, 2], 1, 1), new IF(4, zero)], '2 IF: convolves planes [1, 2, 2], which'],
    [[new Dropout(2)], 'the net has no neurons'],
  ])('%# are refused with the reason: %s', (layers, reason) => {
    const refused = refusedBy(...layers);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toContain(reason);
  });

  test('all reasons at once, and nothing is written', async () => {
    const net = new Sequential(new Sequential(new AHP(2, 2)), new LIF(2, 2), new Readout(2, 2));
    await expect(encodeNetx(net)).rejects.toThrow(
      /^NetX cannot hold this net:\n {2}0\.0 AHP: .*\n {2}1 LIF: .*\n {2}2 Readout: /,
    );
  });

  test('a bias through a synaptic current is refused, a bias of 0 is none', () => {
    const net = onGrid(new Sequential(new Linear(2, 2), new CubaLIF(2, zero)), 1);
    expect(checkNetx(net).refused[0]).toContain('1 CubaLIF: has a bias that goes through the synaptic current');
    net.namedParameters().get('0.bias')!.data.fill(0);
    expect(checkNetx(net).refused).toEqual([]);
  });

  test('gains go into the weights', async () => {
    const net = onGrid(new Sequential(new LIF(4, 3, { semantics: 'nir', tau: 2 })), 3);
    for (const p of net.parameters()) if (p.shape.length === 2) p.data.set(p.data.map((w) => 2 * w));
    const { lost, layers } = planOf(net);
    expect(lost).toHaveLength(1);
    expect((layers[0] as { neurons: unknown }).neurons).toEqual({ iDecay: 4096, vDecay: 2048, vThMant: 64 });
    const sample = spikes(4, 2);
    expect(await compare(net, sample, replay(layers, sample))).toMatchObject({ differ: 0 });
  });

  test('a test of >= is lost, and said', () => {
    const net = onGrid(new Sequential(new IF(4, 3, { semantics: 'spikingjelly' })), 3);
    expect(checkNetx(net).lost).toEqual(['0 IF: fires at the threshold; on Loihi v must be above it']);
  });

  test('convolutions, flatten, batch normalisation, neurons without weights, shared layers', async () => {
    const shared = new IF(5, { ...zero, threshold: 2 });
    const conv = new Conv2d([2, 5, 4], 4, [3, 2], { stride: [2, 1], padding: [1, 1], dilation: [1, 2], groups: 2 });
    const neurons = conv.outputs;
    const net = onGrid(
      new Sequential(
        new Dropout(40),
        conv,
        new IF(neurons, { ...zero, threshold: 3 }),
        new Flatten(conv.outputShape),
        new Linear(neurons, 5),
        shared,
        new Linear(5, 5),
        shared,
        new IF(5, { ...zero, threshold: 1.5 }),
      ),
      9,
    );
    const sample = spikes(40, 9);
    const { layers, lost, notes } = planOf(net);
    expect(layers.map(({ type }) => type)).toEqual(['input', 'conv', 'flatten', 'dense', 'dense', 'dense']);
    expect(lost).toEqual([]);
    expect(notes[0]).not.toMatch(/again/);
    const said = await compare(net, sample, replay(layers, sample));
    expect(said).toMatchObject({ apart: 0, voltage: 0 });
    expect(said.silent).toEqual([]);
    const read = readNetxTree(netxTree(layers));
    expect(read.layers).toEqual(layers);
    const back = netOf(read.layers).net;
    expect(Object.values(back.children).map((l) => l.config.kind)).toEqual([
      'Conv2d',
      'IF',
      'Flatten',
      'IF',
      'IF',
      'IF',
    ]);
    expect((await simulate(back, sample)).outputs).toEqual((await simulate(net, sample)).outputs);
  });

  test('statistics of a batch normalisation go into weights and bias', async () => {
    const norm = new BatchNorm(3);
    const net = new Sequential(new Linear(4, 3), norm, new IF(3, zero)).initialize(2);
    norm.params.running_mean!.data.set([0.25, -0.5, 0]);
    norm.params.running_var!.data.set([0.5, 0.25, 1]);
    norm.params.weight!.data.set([1, 1.5, 0.5]);
    norm.params.bias!.data.set([0.125, 0.25, 0.5]);
    const sample = spikes(4, 5, 20);
    const { layers, refused } = planOf(net);
    expect(refused).toEqual([]);
    const driven = await compare(net, sample, replay(layers, sample));
    expect(driven.spikes).toBeGreaterThan(20);
    // a weight or bias is off by at most a 128th
    expect(driven.distance).toBeLessThan(20 * 5 * 2 ** -7);
    expect(driven.differ / driven.places).toBeLessThan(0.1);
  });
});
