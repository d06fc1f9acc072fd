import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { Parameter } from '../../src/autograd/parameter.ts';
import { LIF } from '../../src/layers/lif.ts';
import { PLIF } from '../../src/layers/plif.ts';
import { Readout } from '../../src/layers/readout.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { Adam } from '../../src/optim/adam.ts';
import { SGD } from '../../src/optim/sgd.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { givenTwins, lossWithGradients } from '../support/given_gradients.ts';

// A trained constant that an update takes out of its range goes to the nearest end, and learns from there.

describe.each([false, true])('a trained range, layer by layer: %s', (layerwise) => {
  const ranged = (fill: readonly number[]): Parameter => new Parameter([fill.length], { fill }, { min: 0.1, max: 2 });
  const run = async (parameters: Record<string, Parameter>, gradients: Record<string, number[]>[], groups = {}) => {
    for (const [name, p] of Object.entries(parameters)) p.name = name;
    const module = { parameters: () => Object.values(parameters) };
    const engine = new Engine(new ReferenceDevice({ twins: givenTwins }));
    engine.bind(module);
    const optimizer = new SGD({ lr: 1, layerwise, ...groups });
    for (const g of gradients) {
      const tape = engine.tape();
      lossWithGradients(tape, module, g).backward();
      await optimizer.step(tape);
    }
    await engine.pull(module);
  };

  it('ends where float32 has its end, and a step back begins there', async () => {
    const [p, free] = [ranged([1, 1, 1]), new Parameter([1], { fill: 1 })];
    await run({ p, free }, [{ p: [100, -100, 0.5], free: [100] }]);
    expect([...p.data]).toEqual([Math.fround(0.1), 2, 0.5]);
    expect(free.data[0]).toBe(-99);
    await run({ p }, [{ p: [-0.4, 0.5, 0] }]);
    expect([...p.data]).toEqual([0.5, 1.5, 0.5]);
  });

  it('is left alone where it is frozen', async () => {
    const p = ranged([1]);
    p.data[0] = 5;
    await run({ p, other: ranged([1]) }, [{ p: [1], other: [1] }], { groups: [{ params: 'p', lr: 0 }] });
    expect(p.data[0]).toBe(5);
  });

  it('hides no NaN', async () => {
    const p = ranged([1]);
    p.data[0] = Number.NaN;
    await expect(run({ p }, [{ p: [1] }])).rejects.toThrow(/parameter 'p' has NaN/);
  });
});

it('learned decays, thresholds and logits stay in their ranges, from step to step, in a net', async () => {
  const net = new Sequential(
    new LIF(3, 6, { beta: 0.9, learn: true, weightGain: 3 }),
    new PLIF(6, 5, { learn: true, weightGain: 3 }),
    new Readout(5, 2, { beta: 0.5, learn: ['beta'] }),
  ).initialize(1);
  const ranges = net.parameters().filter((p) => p.options.min !== undefined);
  expect(ranges.map((p) => p.name)).toEqual(['0.beta', '0.threshold', '1.k', '1.threshold', '2.beta']);
  const engine = new Engine(new ReferenceDevice());
  engine.bind(net);
  const optimizer = new Adam({ lr: 3 });
  let stopped = 0;
  for (let step = 0; step < 6; step++) {
    const tape = engine.tape();
    const values = Float32Array.from({ length: 8 * 4 * 3 }, (_, i) => Math.sin(i * (step + 1)) + 0.5);
    const { loss } = crossEntropy(net.forward(tape.input(values, { shape: [8, 4, 3], name: 'x' })), [0, 1, 0, 1]);
    loss.backward();
    await optimizer.step(tape);
    await engine.pull(net);
    for (const { name, data, options } of ranges) {
      const [min, max] = [Math.fround(options.min!), Math.fround(options.max!)];
      for (const x of data) expect(x >= min && x <= max, `${name} is ${x}`).toBe(true);
      stopped += data.filter((x) => x === min || x === max).length;
    }
  }
  expect(stopped).toBeGreaterThan(3);
});
