import { describe, expect, test } from 'vitest';
import { textOf } from '../../../src/exchange/nir/file/values.ts';
import { checkNir, encodeNir, graphOf, inspectNir } from '../../../src/exchange/nir/index.ts';
import { replayNir } from '../../../src/exchange/nir/run/replay.ts';
import { GRU } from '../../../src/gated/index.ts';
import {
  AHP,
  ALIF,
  Alpha,
  BatchNorm,
  BRF,
  ConstantCurrent,
  Conv2d,
  CubaLIF,
  defineNeuron,
  Encode,
  encode,
  GLIF,
  IF,
  LIF,
  Linear,
  Neuron,
  Parallel,
  PLIF,
  Readout,
  RF,
  SEAdLIF,
  Sequential,
  SumPool2d,
  spike,
} from '../../../src/index.ts';
import { busy, expectSame } from './nir_nets.ts';

describe('what a graph cannot say is refused with the layer and the reason', () => {
  const refused: [string, () => Sequential, RegExp, object?][] = [
    ['AHP', () => new Sequential(new AHP(3, 4)), /^0 AHP: .*its own spikes drive.*option compose/],
    ['ALIF', () => new Sequential(new Linear(3, 3), new ALIF(3, 4)), /^1 ALIF: .*option compose/],
    ['Alpha', () => new Sequential(new Alpha(3, 4)), /^0 Alpha: NIR has no node with the state 'h'/, { compose: true }],
    [
      'SEAdLIF',
      () => new Sequential(new SEAdLIF(3, 4)),
      /^0 SEAdLIF: NIR has no node with the state 'w'/,
      { compose: true },
    ],
    ['RF', () => new Sequential(new RF(3, 4)), /^0 RF: /, { compose: true }],
    ['BRF', () => new Sequential(new BRF(3, 4)), /^0 BRF: its equations multiply states/, { compose: true }],
    [
      'GLIF',
      () => new Sequential(new GLIF(3, 4, { steps: 5 })),
      /^0 GLIF: its gate on the input changes from step to step/,
    ],
    ['GRU', () => new Sequential(new GRU(3, 4)), /^0 GRU: NIR has no gated units/],
    [
      'Encode',
      () => new Sequential(new Encode(3, encode.rate({ steps: 5 })), new LIF(3, { reset: 'zero' })),
      /^0 Encode: NIR has no encoders/,
    ],
    ['ConstantCurrent', () => new Sequential(new ConstantCurrent(3, 5)), /^0 ConstantCurrent: NIR has no encoders/],
    [
      'BatchNorm per step',
      () => new Sequential(new Linear(3, 4), new BatchNorm(4, { perStep: 5 })),
      /^1 BatchNorm: its statistics change/,
    ],
    [
      'BatchNorm behind a pool',
      () => new Sequential(new SumPool2d([2, 4, 4], 2), new BatchNorm(8, { channels: 2 })),
      /^1 BatchNorm: stands behind planes/,
    ],
    [
      'planes of a vector',
      () => new Sequential(new Linear(3, 16), new SumPool2d([1, 4, 4], 2)),
      /^1 SumPool2d: takes planes \[1, 4, 4\] of \[16\]/,
    ],
    [
      'within containers',
      () => new Sequential(new Parallel([new Sequential(new GRU(3, 4)), new Linear(3, 4)])),
      /^0\.0\.0 GRU: /,
    ],
    [
      'neurons that do not leak, by subtraction',
      () => new Sequential(new IF(3, 4)),
      /^0 IF: it does not leak/,
      { compose: true },
    ],
  ];
  for (const [name, make, why, options = {}] of refused)
    test(name, async () => {
      const verdict = checkNir(make(), options);
      expect(verdict.refused).toHaveLength(1);
      expect(verdict.refused[0]).toMatch(why);
      await expect(encodeNir(make(), options)).rejects.toThrow(/^NIR cannot hold this net:\n {2}\d/);
    });

  test('all reasons at once', () => {
    const net = new Sequential(new GRU(3, 4), new AHP(4, 4), new BRF(4, 2));
    expect(checkNir(net).refused).toHaveLength(3);
  });

  test('neurons of ones own that no form fits, and that one does', () => {
    const make = (square: boolean) =>
      defineNeuron({
        name: 'Mine',
        params: { theta: { default: 1, unit: '', min: 0.1, max: 9, meaning: 'threshold' } },
        states: ['v'],
        equations({ I, param, state }) {
          const v = state.v.mul(0.9).add(square ? state.v.mul(state.v).mul(0.01).add(I) : I);
          const z = spike(v.sub(param.theta));
          return { next: { v: v.sub(v.mul(z)) }, z, v };
        },
      });
    expect(checkNir(new Sequential(new Neuron(make(true), 3, 4))).refused[0]).toMatch(
      /^0 Neuron: its equations multiply states/,
    );
    expect(checkNir(new Sequential(new Neuron(make(false), 3, 4)))).toMatchObject({ refused: [], lost: [] });
  });
});

describe('what a graph says otherwise is told', () => {
  test.each([
    ['subtraction', new LIF(3, 4), /^0 LIF: a reset by subtraction; .*option compose/],
    ['no reset', new LIF(3, 4, { reset: 'none' }), /^0 LIF: neurons without a reset/],
    [
      'a refractory period',
      new LIF(3, 4, { reset: 'zero', refractory: 3 }),
      /^0 LIF: the refractory period of 3 steps/,
    ],
    [
      'of one step',
      new CubaLIF(3, 4, { reset: 'zero', refractory: 1 }),
      /^0 CubaLIF: the refractory period of 1 step;/,
    ],
  ])('%s', (_, layer, what) => {
    const { refused, lost } = checkNir(new Sequential(layer));
    expect(refused).toEqual([]);
    expect(lost).toHaveLength(1);
    expect(lost[0]).toMatch(what);
  });

  test('of ALIF its moving reset, in a composition', () => {
    const { refused, lost } = checkNir(new Sequential(new ALIF(3, 4)), { compose: true });
    expect(refused).toEqual([]);
    expect(lost).toEqual([expect.stringMatching(/^0 ALIF: the reset takes the threshold at rest/)]);
  });

  test('nothing of what is exact', () => {
    const net = new Sequential(new PLIF(3, 4), new LIF(4, 4, { reset: 'zero' }), new Readout(4, 2));
    expect(checkNir(net)).toMatchObject({ refused: [], lost: [] });
  });
});

test('a kernel that is not square is told', () => {
  const conv = new Conv2d([1, 4, 4], 2, [3, 1]);
  expect(checkNir(new Sequential(conv)).notes[0]).toMatch(/^0 Conv2d: nir.read refuses a kernel that is not square/);
});

describe('who reads it', () => {
  const notes = (net: Sequential, options = {}): string[] => [...checkNir(net, options).notes];
  const alike = (net: Sequential, options = {}): string =>
    notes(net, options).find((n) => n.startsWith('readers known'))!;
  const one = () => new Sequential(new Linear(3, 4), new LIF(4, { reset: 'zero', tau: 5 }));
  const several = () => new Sequential(new Linear(3, 4), new LIF(4, { reset: 'zero', tau: [2, 3, 4, 5] }));
  const recurrent = () => new Sequential(new LIF(3, 4, { reset: 'zero', recurrent: true }));

  test('by gain, decays and recurrence', () => {
    expect(alike(one())).toBe(
      'readers known to run the file as it is meant: norse (told dt=0.0001), snntorch, spikingjelly',
    );
    expect(alike(one(), { gain: 'tau/dt' })).toMatch(/: snntorch, spikingjelly$/);
    expect(alike(several())).toMatch(/: norse \(told dt=0.0001\)$/);
    expect(notes(several())).toContainEqual(
      expect.stringMatching(/^snnTorch .*reads 'lif_1' \(LIF\) otherwise: with another gain/),
    );
    expect(notes(several())).toContainEqual(
      expect.stringMatching(/^SpikingJelly .*tau must be the same for all neurons/),
    );
    expect(alike(several(), { gain: 'tau/dt' })).toMatch(/: snntorch$/);
    expect(alike(recurrent(), { recurrence: 'nested' })).toContain('snntorch');
    expect(notes(recurrent(), { recurrence: 'flat' })).toContainEqual(
      expect.stringMatching(/^snnTorch .*rewrites flat recurrence/),
    );
    expect(alike(one(), { dt: 1e-3 })).toMatch(/: norse, spikingjelly$/);
  });

  test('compositions need LI', () => {
    const net = new Sequential(new AHP(3, 4));
    expect(alike(net, { compose: true })).toMatch(
      /: norse \(told dt=0.0001; the development version: 1.1.0 has no LI\)$/,
    );
    expect(notes(net, { compose: true })).toContainEqual(
      expect.stringMatching(/^SpikingJelly .*'ahp_0\/ahp' \(LI\): it has no LI$/),
    );
    expect(notes(new Sequential(new Readout(3, 2, { delay: 1 })))).toContainEqual(
      expect.stringMatching(/^0 Readout: its input is late by a step/),
    );
  });

  test('gains that stand in r', () => {
    const net = new Sequential(new LIF(3, { reset: 'zero', tau: 5 }));
    expect(notes(net)).toContainEqual(expect.stringMatching(/^0 LIF: its gain stands in r/));
    expect(alike(net)).not.toContain('norse');
  });
});

describe('the file', () => {
  test('is read back, and fires the same spikes', async () => {
    const net = new Sequential(new AHP(4, 5, { recurrent: true, beta: 0.2, tauAhp: 30 }), new Readout(5, 2));
    const { sample, own } = await busy(net);
    for (const recurrence of ['nested', 'flat'] as const) {
      const { files, lost } = await encodeNir(net, { compose: true, recurrence, name: 'mine' });
      expect(lost).toEqual([]);
      expect(files.map((f) => f.name)).toEqual(['mine.nir']);
      expectSame(await replayNir(files[0]!.bytes, sample), own);
    }
    const { files } = await encodeNir(net, { compose: true, precision: 'float32' });
    const back = await replayNir(files[0]!.bytes, sample);
    expectSame(back, own, 1e-4);
  });

  test('says what was chosen', async () => {
    const graph = graphOf(new Sequential(new LIF(3, 4, { reset: 'zero', dt: 0.5, record: 'after reset' })), {
      gain: 'tau/dt',
      dt: 1e-3,
    });
    expect(graph.metadata).toMatchObject({
      'spiketape.dt': { data: Float64Array.of(1e-3) },
      'spiketape.recurrence': 'nested',
    });
    const node = graph.nodes.get('lif_0')!;
    expect(textOf(node, 'spiketape.label')).toBe('0 LIF');
    expect(textOf(node, 'spiketape.voltage')).toBe('after');
    expect(JSON.parse(textOf(node, 'spiketape.options')!)).toEqual({ dt: 0.5, reset: 'zero', record: 'after reset' });
    expect(node.metadata!['spiketape.dt_ms']).toMatchObject({ data: Float64Array.of(0.5) });
    expect('fields' in node && Object.keys(node.fields)).toEqual(['tau', 'r', 'v_leak', 'v_threshold']);
  });

  test('is shown', async () => {
    const { files } = await encodeNir(new Sequential(new LIF(3, 4, { reset: 'zero', recurrent: true })));
    const { format, facts, nodes } = await inspectNir(files[0]!.bytes);
    expect(format).toBe('NIR 1.0.8');
    expect(facts).toMatchObject({
      inputs: '[3]',
      outputs: '[4]',
      parameters: 12 + 16 + 20,
      'edges that carry the step before': 1,
      'time step': '0.0001 s',
    });
    expect(nodes.find((n) => n.name === 'lif_0/lif')).toMatchObject({
      type: 'LIF',
      shape: '[4]',
      detail: expect.stringMatching(/^tau 0\.00205, r 1, v_leak 0, v_threshold 1, v_reset 0; layer 0 LIF$/),
      from: ['lif_0/w_rec (the step before)', 'linear_0'],
    });
  });

  test('wrong options', () => {
    const net = new Sequential(new LIF(3, 4, { reset: 'zero' }));
    expect(() => checkNir(net, { gian: 'unit' } as object)).toThrow(/no option 'gian'; did you mean 'gain'/);
    expect(() => checkNir(net, { gain: 'one' } as object)).toThrow(/gain must be 'unit' or 'tau\/dt', got 'one'/);
    expect(() => checkNir(net, { compose: 'yes' } as object)).toThrow(/compose must be false or true/);
    expect(() => checkNir(net, { dt: 0 })).toThrow(/dt must be a finite number of seconds above 0, got 0/);
  });
});
