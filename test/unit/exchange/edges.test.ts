import { Conv2d, CubaLIF, LIF, Linear, Parallel, Residual, Sequential } from 'spiketape';
import { exportNet, formats, makeSample, type NirGraph, type NirNode, netOf, runNir, verify } from 'spiketape/exchange';
import { describe, expect, it } from 'vitest';
import { ofNet } from '../../../src/exchange/inspect.ts';

const hard = { reset: 'zero', resetMoment: 'same step' } as const;

describe('NIR, neurons in planes', () => {
  const onPlanes = (layer: LIF | CubaLIF): Sequential => new Sequential(new Conv2d([1, 4, 4], 2, 3), layer);
  it.each([
    ['a subtractive reset', () => new LIF(8), true],
    ['a subtractive reset with a synapse', () => new CubaLIF(8), true],
    ['each neuron back to itself', () => new LIF(8, { ...hard, recurrent: 'one-to-one' }), false],
  ])('%s', async (_, layer, compose) => {
    const net = onPlanes(layer());
    const options = { compose };
    expect(formats.nir.check(net, options)).toMatchObject({ refused: [], lost: [] });
    const { files } = await exportNet(net, 'nir', { options });
    const sample = await makeSample(net, { T: 60 });
    expect(await verify(net, 'nir', files, sample)).toMatchObject({ equal: true, silent: [], differ: 0 });
  });

  it('a matrix between them is refused by the place of the layer, before anything is made', () => {
    const { refused } = formats.nir.check(onPlanes(new LIF(8, { ...hard, recurrent: true })), {});
    expect(refused).toEqual([expect.stringMatching(/^1 LIF: .*planes.*Flatten/)]);
  });
});

describe('NIR, what a layer cannot say', () => {
  const numbers = (...data: number[]): { shape: number[]; data: Float64Array } => ({
    shape: [data.length],
    data: Float64Array.from(data),
  });
  const graph = (node: NirNode): NirGraph => ({
    type: 'NIRGraph',
    nodes: new Map<string, NirNode>([
      ['input', { type: 'Input', fields: { shape: numbers(1) } }],
      ['n', node],
      ['output', { type: 'Output', fields: { shape: numbers(1) } }],
    ]),
    edges: [
      ['input', 'n'],
      ['n', 'output'],
    ],
  });

  it('a leak to another voltage than 0 behind a synapse is no bias before it', () => {
    const fields = { tau_syn: 5e-4, tau_mem: 1e-3, r: 1, v_leak: 0.3, v_threshold: 0.6, w_in: 1 };
    const node = {
      type: 'CubaLIF',
      fields: Object.fromEntries(Object.entries(fields).map(([name, x]) => [name, numbers(x)])),
    };
    expect(() => netOf(graph(node), {})).toThrow(/'n'.*v_leak is a constant current behind the synapse/);
  });

  it("SpikingJelly's IF begins at v_reset", async () => {
    const node = { type: 'IF', fields: { r: numbers(1e4), v_threshold: numbers(1), v_reset: numbers(0.5) } };
    const sample = { T: 3, B: 1, N: 1, inputs: Float32Array.of(0.6, 0.6, 0) };
    const { layers } = await runNir(graph(node), sample, { semantics: 'spikingjelly' });
    // 0.5 + 0.6 fires at once
    expect([...layers[0]!.spikes!]).toEqual([1, 1, 0]);
  });
});

it('a state_dict that no tensor gives a width is refused', () => {
  const { refused } = formats.snntorch.check(new Sequential(new LIF(4, { semantics: 'snntorch' })), {});
  expect(refused).toEqual([expect.stringContaining('how many neurons there are')]);
});

it('a net with branches is shown with what each layer reads', () => {
  const net = new Sequential(
    new LIF(4),
    new Parallel([new LIF(4), new Sequential(new LIF(4), new LIF(4))], { merge: 'sum' }),
    new Residual(new Linear(4, 4)),
    new LIF(4),
  );
  expect(ofNet(net).nodes.map(({ name, from }) => [name, from])).toEqual([
    ['0', []],
    ['1.0', ['0']],
    ['1.1.0', ['0']],
    ['1.1.1', ['1.1.0']],
    ['2.body.0', ['1.0', '1.1.1']],
    ['3', ['2.body.0', '1.0', '1.1.1']],
  ]);
});
