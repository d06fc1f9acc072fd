import { Adam, AHP, Engine, Linear, type Optimizer, Sequential, SGD } from 'spiketape';
import { crossEntropy } from '../../../src/loss/cross_entropy.ts';
import { ReferenceDevice } from '../../../src/reference/device.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { layers } from '../../support/layers.ts';
import { Random } from '../../support/random.ts';
import { single } from '../../support/single.ts';
import { assert, assertClose, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { withEngine } from './engine-support/nets.ts';

// Masks, signs and rewiring on the device: what kernels read, what gradients are, what an update leaves.

gpuCase(
  'masks: values and gradients through masks, signs and rewired matrices agree with the reference',
  ({ gpu, log }) =>
    withEngine(gpu, async (engine) => {
      const tally = new Tally();
      for (const dense of [false, true]) {
        const layer = layers.AHP(21, 33, {
          recurrent: true,
          weightGain: 2,
          connections: dense ? { rewire: { density: 0.4 } } : { density: 0.5, excitatory: 0.7 },
          recurrentConnections: dense ? { density: 0.3, excitatory: 0.8 } : { rewire: { density: 0.3 } },
        });
        const experiment = single(layer, { T: 35, B: 3, dense, start: true, full: true });
        // numbers also where there is no connection, and of the wrong sign
        for (const name of ['weight', 'recurrent.weight']) {
          const { data } = layer.params[name]!;
          data.set(new Random(name).normals(data.length, 0.3));
        }
        tally.add(dense ? 'dense' : 'spikes', await compareWithReference(engine, experiment));
      }
      tally.finish(log);
    }),
  { timeout: 300_000 },
);

/** A step of a net on drawn input. */
async function step(
  engine: Engine,
  net: Sequential,
  optimizer: Optimizer,
  i: number,
): Promise<Map<string, Float32Array>> {
  const [T, B, K] = [3, 5, net.inputs];
  const tape = engine.tape({ seed: 3, step: i });
  const x = tape.input(new Random(`masks ${i}`).normals(T * B * K), { shape: [T, B, K] });
  crossEntropy(net.forward(x), [0, 1, 2, 0, 1], { at: 'mean' }).loss.backward();
  await optimizer.step(tape);
  await engine.pull(net);
  return tape.arena!.gradients();
}

const net = (): Sequential =>
  new Sequential(
    new Linear(37, 131, { connections: { rewire: { density: 0.97, l1: 2e-3 } } }),
    new Linear(131, 66, { connections: { rewire: { density: 0.1, l1: 2e-3 }, excitatory: 0.6 } }),
    new AHP(66, 21, {
      recurrent: true,
      weightGain: 3,
      connections: { density: 0.4, excitatory: 0.5 },
      recurrentConnections: { density: 0.5 },
    }),
    new Linear(21, 3, {
      weightGain: 0.05,
      connections: { signs: Array.from({ length: 21 }, (_, i) => (i % 3 ? 1 : -1)) },
    }),
  ).initialize(2);

gpuCase(
  'masks: which connections go and come, bit for bit as on the reference, step by step from the same weights',
  ({ gpu, log }) =>
    withEngine(gpu, async (engine) => {
      const [there, here] = [net(), net()];
      const reference = new Engine(new ReferenceDevice());
      const optimizers = [0, 1].map(() => new SGD({ lr: 0.05, momentum: 0.9 }));
      let [changed, stopped] = [0, 0];
      for (let i = 0; i < 4; i++) {
        const before = here.parameters().map((p) => p.data.slice());
        engine.bind(there);
        reference.bind(here);
        await step(engine, there, optimizers[0]!, i);
        const gradients = await step(reference, here, optimizers[1]!, i);
        for (const [k, p] of here.parameters().entries()) {
          const found = there.parameters()[k]!;
          if (/_(mask|signs)$/.test(p.name)) assertEqual(found.data, p.data, p.name);
          else assertClose(found.data, p.data, { relToMax: 1e-5 }, p.name);
          const { mask, rewire } = p.options;
          if (mask) {
            const old = before[here.parameters().indexOf(mask)]!;
            gradients.get(p.name)!.forEach((g, j) => {
              if (old[j] === 0) assert(g === 0, `gradient ${j} of ${p.name} is ${g} without a connection`);
            });
          }
          if (p.options.signs && !rewire) stopped += p.data.filter((w, j) => w === 0 && before[k]![j] !== 0).length;
          if (rewire) {
            changed += mask!.data.filter((s, j) => s !== 0 && before[k + 1]![j] === 0).length;
            const count = found.options.mask!.data.filter((s) => s !== 0).length;
            assertEqual(count, rewire.connections, `connections of ${p.name}`);
          }
          p.data.set(found.data);
        }
      }
      log(`${changed} connections were made anew, ${stopped} weights stopped at 0`);
      assert(changed > 100, `only ${changed} connections changed`);
      assert(stopped > 5, `only ${stopped} weights were stopped at 0`);
    }),
);

gpuCase('masks: rewiring with noise and momentum gives the same bits again, and layer by layer in place', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const run = async (layerwise: boolean): Promise<Float32Array[]> => {
      const noisy = new Sequential(
        new Linear(9, 40, { connections: { rewire: { density: 0.2, noise: 0.05 } } }),
        new Linear(40, 3, { connections: { rewire: { density: 0.3, l1: 0.01, noise: 0.01 }, excitatory: 0.5 } }),
      ).initialize(1);
      engine.bind(noisy);
      const optimizer = new Adam({ lr: 0.02, layerwise });
      for (let i = 0; i < 6; i++) await step(engine, noisy, optimizer, i);
      engine.unbind(noisy);
      for (const p of noisy.parameters()) {
        const { mask, rewire } = p.options;
        if (!mask) continue;
        assertEqual(mask.data.filter((s) => s !== 0).length, rewire!.connections, `connections of ${p.name}`);
        mask.data.forEach((s, i) => {
          const w = p.data[i]!;
          assert(s === 0 ? w === 0 : w * s >= 0, `${p.name}[${i}] is ${w}, its connection ${s}`);
        });
      }
      return noisy.parameters().map((p) => p.data.slice());
    };
    const first = await run(false);
    assertEqual(await run(false), first, 'a second time');
    assertEqual(await run(true), first, 'layer by layer');
  }),
);
