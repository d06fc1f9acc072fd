import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import type { Parameter } from '../../src/autograd/parameter.ts';
import { Recorder } from '../../src/device/recorder.ts';
import { loadModel, saveModel } from '../../src/io/model.ts';
import { AHP } from '../../src/layers/ahp.ts';
import type { ConnectionOptions } from '../../src/layers/connections.ts';
import { LIF } from '../../src/layers/lif.ts';
import { Linear } from '../../src/layers/linear.ts';
import { Readout } from '../../src/layers/readout.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { triangle } from '../../src/neurons/surrogates.ts';
import { Adam } from '../../src/optim/adam.ts';
import { SGD } from '../../src/optim/sgd.ts';
import { constrain } from '../../src/reference/constraints.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { effective } from '../../src/reference/effective.ts';
import type { Twin } from '../../src/reference/twin.ts';
import { finiteDifferences } from '../support/finite_differences.ts';
import { twoLayers } from '../support/network.ts';
import { Random } from '../support/random.ts';

const named = (net: Sequential, name: string): Parameter => net.namedParameters().get(name)!;
const values = (net: Sequential, name: string): number[] => [...named(net, name).data];
const count = (x: ArrayLike<number>): number => Array.from(x).filter((v) => v !== 0).length;

describe('masks as they are drawn', () => {
  it('a given mask: weights where it is 1, 0 elsewhere; lists, text and flat say the same', () => {
    const masks: ConnectionOptions['mask'][] = [
      [
        [1, 0, 1],
        [0, 1, 0],
      ],
      ['101', '010'],
      [1, 0, 1, 0, 1, 0],
      Uint8Array.of(1, 0, 1, 0, 1, 0),
    ];
    for (const mask of masks) {
      const net = new Sequential(new Linear(3, 2, { connections: { mask: mask! } }));
      expect(values(net, '0.weight_mask')).toEqual([1, 0, 1, 0, 1, 0]);
      expect(values(net, '0.weight').map((w) => (w === 0 ? 0 : 1))).toEqual([1, 0, 1, 0, 1, 0]);
    }
  });

  it('a density: exactly so many, at least one for each neuron, none to itself; drawn by seed and name', () => {
    const net = (): Sequential =>
      new Sequential(
        new AHP(20, 30, { recurrent: true, connections: { density: 0.06 }, recurrentConnections: { density: 0.1 } }),
        new Readout(30, 3, { connections: { density: 0.5 } }),
      );
    const a = net().initialize(1);
    const mask = values(a, '0.weight_mask');
    expect(count(mask)).toBe(36);
    for (let post = 0; post < 30; post++) expect(count(mask.slice(20 * post, 20 * post + 20))).toBeGreaterThan(0);
    const recurrent = values(a, '0.recurrent.weight_mask');
    expect(count(recurrent)).toBe(87);
    for (let i = 0; i < 30; i++) expect(recurrent[31 * i]).toBe(0);
    expect(count(values(a, '1.weight_mask'))).toBe(45);
    for (const name of ['0.weight', '0.recurrent.weight', '1.weight'])
      expect(values(a, name).map((w) => (w === 0 ? 0 : 1))).toEqual(values(a, `${name}_mask`));
    expect(values(net().initialize(1), '0.weight_mask')).toEqual(mask);
    expect(values(net().initialize(2), '0.weight_mask')).not.toEqual(mask);
    expect(values(a, '0.weight_mask').slice(0, 90)).not.toEqual(values(a, '1.weight_mask'));
  });

  it('every possible connection is as likely as another', () => {
    const net = new Sequential(new Linear(5, 4, { connections: { density: 0.4 } }));
    const sums = new Float64Array(20);
    for (let seed = 0; seed < 1500; seed++) {
      net.initialize(seed);
      named(net, '0.weight_mask').data.forEach((m, i) => {
        sums[i]! += m;
      });
    }
    // 600 of 1,500 each, deviation 19
    for (const n of sums) expect(Math.abs(n - 600)).toBeLessThan(95);
  });

  it('signs by presynaptic neuron: given, or the first ones positive; together with mask and density', () => {
    const net = new Sequential(
      new AHP(5, 10, {
        recurrent: true,
        connections: { signs: [1, -1, -1, 1, 1], mask: Array.from({ length: 10 }, () => '11110'), density: 0.5 },
        recurrentConnections: { excitatory: 0.8 },
      }),
      new Readout(10, 4, { connections: { excitatory: 0.25 } }),
    );
    expect(count(values(net, '0.weight'))).toBe(20);
    values(net, '0.weight').forEach((w, i) => {
      expect(w * [1, -1, -1, 1, 0][i % 5]!).toBeGreaterThanOrEqual(0);
      if (i % 5 === 4) expect(w).toBe(0);
    });
    values(net, '0.recurrent.weight').forEach((w, i) => {
      const expected = Math.floor(i / 10) === i % 10 ? 0 : i % 10 < 8 ? 1 : -1;
      expect(Math.sign(w)).toBe(expected);
    });
    expect(values(net, '1.weight_signs')).toEqual([1, 1, 1, -1, -1, -1, -1, -1, -1, -1]);
  });

  it('a trained part keeps its mask when it becomes part of another net', () => {
    const part = new Sequential(new Linear(6, 5, { connections: { density: 0.5 } }));
    const mask = values(part, '0.weight_mask');
    for (const p of part.parameters())
      if (p.name === '0.weight')
        p.data.forEach((w, i) => {
          p.data[i] = 2 * w;
        });
    const whole = new Sequential(part, new Linear(5, 2));
    expect(values(whole, '0.0.weight_mask')).toEqual(mask);
    expect(values(whole, '0.0.weight').map((w) => (w === 0 ? 0 : 1))).toEqual(mask);
  });

  it('that are still to be drawn do not go with numbers that were put there before', () => {
    const layer = new Linear(3, 2, { connections: { density: 0.5 } });
    layer.params.weight!.data.set([1, 2, 3, 4, 5, 6]);
    expect(() => new Sequential(layer)).toThrow(
      "Sequential: '0.weight' has numbers, but its connections were not drawn; put the numbers there after the net is made",
    );
    layer.params.weight_mask!.data.set([1, 0, 1, 0, 1, 0]);
    expect(values(new Sequential(layer), '0.weight')).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('are saved and loaded with the net', () => {
    const net = new Sequential(
      new LIF(4, 5, {
        recurrent: true,
        connections: { density: 0.6, excitatory: 0.5 },
        recurrentConnections: { rewire: { density: 0.5, l1: 1e-4 } },
      }),
      new Linear(5, 2, { connections: { mask: ['11010', '00111'] } }),
    ).initialize(3);
    const loaded = loadModel(saveModel(net));
    for (const [name, p] of net.namedParameters()) expect([...named(loaded, name).data], name).toEqual([...p.data]);
    const again = loaded.parameters().map((p) => p.options.rewire);
    expect(again).toEqual(net.parameters().map((p) => p.options.rewire));
    expect(named(loaded, '0.weight').options.signs).toBe(named(loaded, '0.weight_signs'));
  });
});

describe('bad connections are refused at construction', () => {
  const linear = (connections: unknown) => () => new Linear(3, 2, { connections: connections as ConnectionOptions });
  it.each([
    ['rows', { mask: ['101'] }, 'Linear: connections.mask must have 2 rows (one per postsynaptic neuron), got 1'],
    ['length of a row', { mask: ['101', '01'] }, 'rows of 3 values (one per presynaptic neuron), got 2 in row 1'],
    ['length', { mask: [1, 0, 1] }, 'connections.mask must have 2 rows of 3 values ([post, pre]), got 3 values'],
    [
      'value',
      {
        mask: [
          [1, 0, 1],
          [1, 0.5, 1],
        ],
      },
      'connections.mask must be 0 or 1, got 0.5 at [1, 1]',
    ],
    ['a neuron without inputs', { mask: ['101', '000'] }, 'Linear: the connections leave neuron 1 without inputs'],
    ['no connection', { mask: ['000', '000'] }, 'connections: no connection is left of 0 that are possible'],
    ['density', { density: 0 }, 'connections.density must be above 0 and at most 1, got 0'],
    ['density above 1', { density: 1.2 }, 'connections.density must be above 0 and at most 1, got 1.2'],
    ['too few for the neurons', { density: 0.2 }, 'Linear: the connections leave neuron 0 without inputs'],
    ['signs', { signs: [1, -1] }, 'connections.signs must have 3 values (one per presynaptic neuron), got 2'],
    ['a sign', { signs: [1, 0, 1] }, 'connections.signs must be +1 or -1, got 0 at 1'],
    ['excitatory', { excitatory: 1.5 }, 'connections.excitatory must be in 0 .. 1, got 1.5'],
    ['two sorts of signs', { excitatory: 0.5, signs: [1, 1, 1] }, 'connections: give signs or excitatory, not both'],
    ['a name', { densty: 0.5 }, "connections: there is no option 'densty'; did you mean 'density'?"],
    ['rewire with a mask', { mask: ['101', '111'], rewire: { density: 0.5 } }, 'give no mask or density beside it'],
    [
      'rewire without density',
      { rewire: {} },
      'connections.rewire.density must be above 0 and at most 1, got undefined',
    ],
    ['noise', { rewire: { density: 0.5, noise: -1 } }, 'connections.rewire.noise must be a finite number of 0 or more'],
    ['l1', { rewire: { density: 0.5, l1: Number.NaN } }, 'connections.rewire.l1 must be a finite number of 0 or more'],
    ['a name of rewire', { rewire: { density: 0.5, L1: 1 } }, "connections.rewire: there is no option 'L1'"],
  ])('%s', (_, connections, message) => {
    expect(linear(connections)).toThrow(message);
  });

  it('in a recurrent layer inputs may come from either matrix', () => {
    const make = (connections: string[], recurrentConnections: string[]) =>
      new LIF(2, 3, {
        recurrent: true,
        connections: { mask: connections },
        recurrentConnections: { mask: recurrentConnections },
      });
    make(['11', '00', '10'], ['000', '100', '000']);
    expect(() => make(['11', '00', '10'], ['011', '000', '000'])).toThrow(
      'LIF: the connections leave neuron 1 without',
    );
    // its only connection would be from itself
    expect(() => make(['11', '00', '10'], ['011', '010', '000'])).toThrow(
      'LIF: the connections leave neuron 1 without',
    );
  });

  it('connections of weights that are not there', () => {
    expect(() => new LIF(3, { connections: { density: 0.5 } })).toThrow(
      'LIF: connections is given, but there are no such',
    );
    expect(() => new LIF(3, 4, { recurrentConnections: { density: 0.5 } })).toThrow(
      'recurrentConnections is given, but',
    );
  });
});

/** A step of a net on drawn dense input; its loss, parameters and their gradients, as the device has them. */
async function step(
  engine: Engine,
  net: Sequential,
  optimizer?: Adam | SGD,
  i = 0,
): Promise<Map<string, Float32Array>> {
  const arena = engine.arenaOf(net.parameters()[0]!) ?? engine.bind(net);
  const [T, B, K] = [6, 3, net.inputs];
  const tape = engine.tape({ step: i });
  const x = tape.input(new Random(`x ${i}`).normals(T * B * K, 2), { shape: [T, B, K] });
  crossEntropy(net.forward(x), [0, 1, 1], { at: 'mean' }).loss.backward();
  if (optimizer) await optimizer.step(tape);
  else await tape.run();
  await engine.pull(net);
  return arena.gradients();
}

describe('masks and signs in training', () => {
  const masked = (): Sequential =>
    new Sequential(
      new AHP(4, 9, {
        recurrent: true,
        weightGain: 2,
        recurrentGain: 0.3,
        threshold: 0.3,
        connections: { density: 0.5 },
        recurrentConnections: { density: 0.3, excitatory: 0.6 },
      }),
      new Linear(9, 2, { connections: { mask: ['110101011', '011111001'] } }),
    ).initialize(1);

  it('y = x (m W)^T by hand; what is stored under the mask or with the wrong sign counts as 0', async () => {
    const net = new Sequential(
      new Linear(3, 2, { bias: false, connections: { mask: ['101', '011'], signs: [1, -1, 1] } }),
    );
    named(net, '0.weight').data.set([2, 50, 3, 70, -5, -7]);
    const engine = new Engine(new ReferenceDevice());
    engine.bind(net);
    const tape = engine.tape();
    const x = tape.input([1, 10, 100], { shape: [1, 1, 3], requiresGrad: true }).keepGradient();
    const y = net.forward(x).keep();
    const { loss } = crossEntropy(y, [0]);
    loss.backward();
    await tape.run();
    // neuron 0: 2 x_0 + 3 x_2; neuron 1: -5 x_1, its last weight has the wrong sign
    expect([...(await y.read())]).toEqual([302, -50]);
    const p = Math.exp(-352) / (1 + Math.exp(-352));
    const dx = await x.readGradient();
    [-p * 2, p * -5, -p * 3].forEach((g, i) => expect(dx[i]).toBeCloseTo(g));
  });

  it.each([
    ['Adam with weight decay', (layerwise: boolean) => new Adam({ lr: 0.03, weightDecay: 0.1, layerwise })],
    ['SGD with momentum', (layerwise: boolean) => new SGD({ lr: 2, momentum: 0.9, layerwise })],
  ])('%s: missing connections stay at exactly 0, with gradients of exactly 0, and signs hold', async (_, make) => {
    const results: number[][] = [];
    for (const layerwise of [false, true]) {
      const engine = new Engine(new ReferenceDevice());
      const net = masked();
      const before = values(net, '0.recurrent.weight');
      const optimizer = make(layerwise);
      const trained = new Map<string, number>();
      let [zeroed, returned] = [0, 0];
      let last = before;
      for (let i = 0; i < 12; i++) {
        const gradients = await step(engine, net, optimizer, i);
        for (const name of ['0.weight', '0.recurrent.weight', '1.weight']) {
          const [w, g, m] = [values(net, name), gradients.get(name)!, values(net, `${name}_mask`)];
          m.forEach((there, k) => {
            if (there === 0) expect([w[k], g[k]]).toEqual([0, 0]);
          });
          trained.set(name, (trained.get(name) ?? 0) + count(g));
        }
        const now = values(net, '0.recurrent.weight');
        now.forEach((w, k) => {
          expect(w * (k % 9 < 5 ? 1 : -1)).toBeGreaterThanOrEqual(0);
          if (before[k] !== 0 && w === 0) zeroed++;
          if (last[k] === 0 && w !== 0) returned++;
        });
        last = now;
      }
      for (const [name, n] of trained) expect(n, `gradients of ${name} that are not 0`).toBeGreaterThan(20);
      expect(zeroed, 'weights that were stopped at 0').toBeGreaterThan(0);
      expect(returned, 'weights that came back').toBeGreaterThan(0);
      results.push(net.parameters().flatMap((p) => [...p.data]));
    }
    expect(results[1]).toEqual(results[0]);
  });

  it('cost one dispatch for all masks and one for all signs, none where there are none', async () => {
    const calls = async (net: Sequential, update: boolean): Promise<string[]> => {
      const recorder = new Recorder();
      const engine = new Engine(recorder);
      engine.bind(net);
      const tape = engine.tape();
      crossEntropy(net.forward(tape.input(new Float32Array(8), { shape: [2, 1, 4] })), [0]).loss.backward();
      if (update) await new Adam().step(tape);
      else await tape.run();
      return recorder.steps[0]!.calls.map((c) => c.kernel.name).filter((n) => ['constrain', 'rewire'].includes(n));
    };
    const rewired = (): Sequential =>
      new Sequential(
        new LIF(4, 9, {
          recurrent: true,
          connections: { rewire: { density: 0.5 } },
          recurrentConnections: { excitatory: 0.5 },
        }),
        new Linear(9, 2, { connections: { rewire: { density: 0.5 } } }),
      );
    expect(await calls(new Sequential(new LIF(4, 9, { recurrent: true }), new Linear(9, 2)), true)).toEqual([]);
    expect(await calls(masked(), true)).toEqual(['constrain', 'constrain']);
    expect(await calls(masked(), false)).toEqual(['constrain']);
    expect(await calls(rewired(), true)).toEqual(['constrain', 'constrain', 'rewire']);
  });
});

describe('smooth mode: gradients through masks and signs against central differences', () => {
  const surrogate = triangle({ gamma: 0.8 });
  const first = (K: number, N: number) =>
    new AHP(K, N, {
      recurrent: true,
      bias: true,
      weightGain: 1.5,
      surrogate,
      tau: 6,
      tauAhp: 15,
      beta: 0.3,
      learn: ['tau', 'beta'],
      connections: { density: 0.6, signs: Array.from({ length: K }, (_, i) => (i % 2 ? -1 : 1)) },
      recurrentConnections: { rewire: { density: 0.5 } },
    });
  const experiment = () => twoLayers({ first, surrogate, start: true, at: 'mean' });

  it('agree', async () => {
    for (const dense of [false, true]) {
      for (const { name, size, error } of await finiteDifferences(
        twoLayers({ first, surrogate, start: true, dense }),
      )) {
        expect(size, name).toBeGreaterThan(1e-4);
        expect(error, name).toBeLessThan(1e-6);
      }
    }
  });

  it.each<[string, string, Twin]>([
    ['gradients that go on under the mask', 'constrain', () => undefined],
    [
      'masks forgotten in the gradient of another matrix',
      'constrain',
      (c) => constrain({ ...c, dims: { ...c.dims, entries: 1, total: 30 } }),
    ],
    [
      'kernels that read what is masked',
      'effective',
      (c) =>
        effective({
          ...c,
          of: (name) => (name === 'table' ? c.of('table').map((x, i) => (i % 14 === 10 ? 0xffffffff : x)) : c.of(name)),
        }),
    ],
  ])('a planted error is seen: %s', async (_, name, twin) => {
    const agreements = await finiteDifferences(experiment(), { twins: new Map([[name, twin]]) });
    expect(Math.max(...agreements.map((a) => a.error))).toBeGreaterThan(1e-3);
  });
});
