import { describe, expect, it } from 'vitest';
import {
  Adam,
  AHP,
  CarriedState,
  Engine,
  LIF,
  Linear,
  loadModel,
  Readout,
  Residual,
  Sequential,
  saveModel,
  type Tensor,
} from '../../src/index.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { composed, output } from '../support/composed.ts';
import { finiteDifferences } from '../support/finite_differences.ts';
import { Random } from '../support/random.ts';

// Layers and parameters in several places: on the reference.

const reference = (): Engine => new Engine(new ReferenceDevice());

describe('a layer in several places', () => {
  const twice = (): Sequential => {
    const layer = new Linear(3, 3);
    return new Sequential(layer, layer, new Sequential(layer));
  };

  it('has its parameters once, and the sum of their gradients', async () => {
    const net = twice();
    expect(net.parameters().map((p) => p.name)).toEqual(['0.weight', '0.bias']);
    const [w, b] = net.parameters().map((p) => p.data) as [Float32Array, Float32Array];
    w.set([2, 0, 0, 0, 1, 0, 0, 0, 1]);
    b.set([1, 0, 0]);
    expect(await output(net, [1, 1, 1], [1, 1, 3])).toEqual([15, 1, 1]);
    for (const { name, error } of await finiteDifferences(composed(twice()))) expect(error, name).toBeLessThan(1e-6);
  });

  it('is still one layer after saving and loading', async () => {
    const net = twice().initialize(4);
    const saved = saveModel(net);
    const again = loadModel(saved);
    expect(again.layers[0]).toBe(again.layers[1]);
    expect(again.layers[2]!.children['0']).toBe(again.layers[0]);
    expect(saveModel(again)).toEqual(saved);
    const engine = reference();
    engine.bind(again);
    const tape = engine.tape();
    const y = again.forward(tape.input([1, 2, 3, 4, 5, 6], { shape: [1, 2, 3] }));
    crossEntropy(y, [0, 1]).loss.backward();
    await new Adam({ lr: 0.1 }).step(tape);
    await engine.pull(again);
    expect(again.parameters()[0]!.data).not.toEqual(net.parameters()[0]!.data);
  });

  it('can be a container, with states of its own in each place', async () => {
    const part = new Residual(new AHP(3, 3, { recurrent: true, weightGain: 3 }));
    const net = new Sequential(part, new Linear(3, 3), part, new Readout(3, 2));
    const again = loadModel(saveModel(net));
    expect(again.layers[0]).toBe(again.layers[2]);
    const x = new Random('part').normals(4 * 3);
    const y = await output(net, x, [4, 1, 3]);
    expect(await output(again, x, [4, 1, 3])).toEqual(y);
  });
});

describe('a tied parameter', () => {
  const tied = (): Sequential => {
    const [a, b] = [new Linear(3, 3), new Linear(3, 3)];
    b.tie('weight', a.params.weight!);
    return new Sequential(a, new Residual(b), new Linear(3, 2));
  };

  it('is one array with one gradient, whose parts add up', async () => {
    const net = tied();
    expect(net.parameters().map((p) => p.name)).toEqual(['0.weight', '0.bias', '1.body.0.bias', '2.weight', '2.bias']);
    for (const { name, error } of await finiteDifferences(composed(net))) expect(error, name).toBeLessThan(1e-6);
  });

  it('is still tied after saving and loading', () => {
    const net = tied();
    const saved = saveModel(net);
    const again = loadModel(saved);
    expect(again.params['1.body.0.weight']).toBe(again.params['0.weight']);
    expect(saveModel(again)).toEqual(saved);
    expect(JSON.parse(saved.json).shared).toEqual({ '1.body.0.weight': '0.weight' });
  });

  it('brings its mask and signs with it, in place of those that were there', async () => {
    const a = new Linear(3, 3, { bias: false, connections: { mask: ['110', '011', '101'], signs: [1, 1, -1] } });
    const b = new Linear(3, 3, { bias: false, connections: { density: 0.4 } }).tie('weight', a.params.weight!);
    const net = new Sequential(a, b);
    expect(Object.keys(net.params)).toEqual(
      [0, 1].flatMap((i) => [`${i}.weight`, `${i}.weight_mask`, `${i}.weight_signs`]),
    );
    expect(net.parameters()).toHaveLength(3);
    const again = loadModel(saveModel(net));
    expect(again.parameters().map((p) => p.name)).toEqual(['0.weight', '0.weight_mask', '0.weight_signs']);
    expect(saveModel(again)).toEqual(saveModel(net));
    a.params.weight!.data.set([1, 2, 50, 50, 3, -4, 5, 50, 50]);
    // y = (1 2 0; 0 3 -4; 5 0 0) x, twice; without the layer that the weight is of, once
    expect(await output(net, [1, 1, 1], [1, 1, 3])).toEqual([1, -23, 15]);
    expect(await output(new Sequential(b), [1, 1, 1], [1, 1, 3])).toEqual([3, -1, 5]);
    const plain = new Linear(3, 3, { connections: { density: 0.5 } }).tie('weight', new Linear(3, 3).params.weight!);
    expect(Object.keys(plain.params)).toEqual(['weight', 'bias']);
  });

  it('must be there, of the same shape, and trained alike', () => {
    const a = new Linear(3, 3);
    expect(() => new Linear(3, 3).tie('weights', a.params.weight!)).toThrow(
      "Linear: has no parameter 'weights' of its own; it has weight, bias",
    );
    expect(() => new Linear(3, 4).tie('weight', a.params.weight!)).toThrow(
      'Linear: cannot tie weight: it is trained [4, 3], the other parameter is trained [3, 3]',
    );
    expect(() => new LIF(3).tie('tau', new LIF(3, { learn: ['tau'] }).params.tau!)).toThrow(
      'LIF: cannot tie tau: it is fixed [1], the other parameter is trained [1]',
    );
    expect(() => new Residual(a).tie('body.0.weight', a.params.weight!)).toThrow('of its own');
  });
});

it('a layer of two nets is bound with one of them at a time', async () => {
  const part = new Sequential(new Linear(2, 2));
  const whole = new Sequential(part, new Linear(2, 3));
  const engine = reference();
  engine.bind(part);
  expect(() => engine.bind(whole)).toThrow(
    "engine.bind: parameter '0.0.weight' is in another net that is bound here; call engine.pull and engine.unbind with",
  );
  await engine.pull(part);
  engine.unbind(part);
  engine.bind(whole);
  engine.bind(whole);
  expect(() => engine.bind(part)).toThrow('is in another net');
});

it('layers of neurons outside a net carry a state each', async () => {
  const [a, b] = [new LIF(2, { threshold: 99 }), new LIF(2, { threshold: 99 })];
  const engine = reference();
  engine.bind({ parameters: () => [a, b].flatMap((layer) => Object.values(layer.params)) });
  const state = new CarriedState();
  const tape = engine.tape({ training: false });
  const input = (x: number[]): Tensor => tape.input(x, { shape: [1, 1, 2] });
  for (let step = 0; step < 2; step++) {
    a.forward(input([1, 2]), { state });
    b.forward(input([4, 8]), { state });
  }
  await tape.run();
  const [first, second] = await Promise.all([...state.final.values()].map((t) => (t as Tensor).read()));
  expect([...second!]).toEqual([...first!].map((v) => 4 * v));
});
