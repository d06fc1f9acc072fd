import { Engine } from '../../../src/autograd/engine.ts';
import { add } from '../../../src/autograd/ops/elementwise.ts';
import { GpuDevice } from '../../../src/gpu/device.ts';
import { Linear } from '../../../src/layers/linear.ts';
import { Sequential } from '../../../src/layers/sequential.ts';
import * as losses from '../../../src/loss/index.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { type LossSizes, lossCases, lossExperiment, regularizedNet, regularizerCases } from '../../support/losses.ts';
import { assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';

// Every loss and regulariser against float64: values, results and all gradients, on odd sizes.

/** A driver that compiles with LLVM takes some time for each new kernel. */
const PATIENT = { timeout: 300_000 };

const sizes: readonly LossSizes[] = [
  { T: 7, B: 1, N: 1 },
  { T: 6, B: 3, N: 33, lengths: [6, 2, 0] },
  { T: 40, B: 2, N: 3, lengths: [35, 40] },
];

for (const of of ['spikes', 'membrane'] as const) {
  gpuCase(
    `losses: of ${of} agree with the reference`,
    async ({ gpu, log }) => {
      const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
      const tally = new Tally();
      const cases = Object.entries(lossCases).filter(([, test]) => test.of === of);
      for (const [i, [name, test]] of cases.entries()) {
        // two of the three sizes for each: every width is a kernel to compile
        for (const size of [sizes[i % 3]!, sizes[(i + 1) % 3]!]) {
          const comparison = await compareWithReference(engine, lossExperiment(test, size));
          tally.add(`${name} ${JSON.stringify(size)}`, comparison);
        }
      }
      tally.finish(log);
      engine.dispose();
    },
    PATIENT,
  );
}

gpuCase('losses: a maximum does not hide a voltage that is no number', async ({ gpu }) => {
  const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
  const tape = engine.tape({ training: false });
  const large = tape.input([1, -1, 3e38, -3e38], { shape: [2, 1, 2] });
  const net = new Sequential(new Linear(2, 3, { bias: false }));
  for (const p of net.parameters()) p.data.fill(1);
  engine.bind(net);
  // 6e38 is infinite in float32, and the sum of both inf - inf
  const { loss } = losses.ceMaxMembrane()(net.forward(add(large, large)), [0]);
  loss.prepare();
  await tape.run();
  const said = await loss.value().catch((error: Error) => error.message);
  assertEqual(said, 'loss: the value is NaN; look at the inputs and the learning rate', 'the loss');
  engine.dispose();
});

gpuCase(
  'losses: regularisers agree with the reference',
  async ({ gpu, log }) => {
    const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
    const tally = new Tally();
    // many at once, for the same reason
    const [rate, ratesOfLayers, voltage, range, weights] = Object.values(regularizerCases).map((r) => [...r]);
    const sets = [
      { of: [...ratesOfLayers!, ...voltage!, ...weights!], size: { T: 12, B: 3, N: 33, lengths: [12, 5, 0] } },
      { of: [...rate!, ...range!], size: { T: 9, B: 1, N: 1 } },
    ];
    for (const { of, size } of sets)
      tally.add(JSON.stringify(size), await compareWithReference(engine, regularizedNet(of, size)));
    tally.finish(log);
    engine.dispose();
  },
  PATIENT,
);
