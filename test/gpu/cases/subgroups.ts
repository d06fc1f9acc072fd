import { Engine } from '../../../src/autograd/engine.ts';
import { GpuDevice } from '../../../src/gpu/device.ts';
import { Linear } from '../../../src/layers/linear.ts';
import { Sequential } from '../../../src/layers/sequential.ts';
import { crossEntropy } from '../../../src/loss/cross_entropy.ts';
import { SGD } from '../../../src/optim/sgd.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { layers } from '../../support/layers.ts';
import { Random } from '../../support/random.ts';
import { single } from '../../support/single.ts';
import { assert, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';

// Long sums by the threads of a subgroup where the adapter has them, and by workgroup memory alone.

for (const without of [[], ['subgroups']]) {
  const how = without.length ? 'without subgroups' : 'with subgroups where there are any';

  gpuCase(
    `gradients: sums over many rows ${how} agree with the reference`,
    async ({ gpu, log }) => {
      const device = await GpuDevice.open({ gpu, poison: true, without });
      log(`subgroups: ${device.features.has('subgroups')}`);
      assert(!(without.length && device.features.has('subgroups')), 'the feature is off');
      const engine = new Engine(device);
      const tally = new Tally();
      // rows are time and batch for biases, the batch for constants, of which some are one for the layer
      tally.add('long', await compareWithReference(engine, single(layers.LIF(5, 13), { T: 131, B: 4, dense: true })));
      tally.add('wide', await compareWithReference(engine, single(layers.AHP(3, 150), { T: 4, B: 530 })));
      tally.finish(log);
      engine.dispose();
    },
    { timeout: 300_000 },
  );

  gpuCase(`the norm of gradients ${how}, of few and of many`, async ({ gpu }) => {
    for (const [K, N] of [
      [7, 3],
      [190, 101],
    ] as const) {
      const run = async () => {
        const engine = new Engine(await GpuDevice.open({ gpu, without }));
        const net = new Sequential(new Linear(K, N)).initialize(2);
        const arena = engine.bind(net);
        const tape = engine.tape();
        const x = new Random(`norm ${K}`).normals(2 * 3 * K);
        crossEntropy(net.forward(tape.input(x, { shape: [2, 3, K], form: 'f32' })), [0, 1, 2]).loss.backward();
        const optimizer = new SGD({ lr: 0.1, clip: { norm: 1 } });
        const norm = optimizer.gradientNorm(tape).keep();
        await optimizer.step(tape);
        const result = [
          (await norm.read())[0]!,
          [...(await arena.gradients()).values()].flatMap((g) => [...g]),
        ] as const;
        engine.dispose();
        return result;
      };
      const [norm, gradients] = await run();
      const expected = Math.sqrt(gradients.reduce((sum, g) => sum + g * g, 0));
      assert(Math.abs(norm - expected) < 1e-6 * expected, `${K} x ${N}: got ${norm}, expected ${expected}`);
      assertEqual(await run(), [norm, gradients], 'the same bits every time');
    }
  });
}
