import { Engine } from '../../../src/autograd/engine.ts';
import { GpuDevice } from '../../../src/gpu/device.ts';
import { Readout } from '../../../src/layers/readout.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { layers, type MakeLayer } from '../../support/layers.ts';
import { type SingleOptions, single } from '../../support/single.ts';
import { gpuCase } from '../harness/case.ts';

// Every kernel against float64, layer by layer: values, final states and all gradients, on odd sizes.

interface Size extends SingleOptions {
  readonly N: number;
  readonly chunk?: number;
}

const K = 21;

/** A driver that compiles with LLVM takes some seconds for each new kernel with a time loop in it. */
const PATIENT = { timeout: 300_000 };

const sizes: readonly Size[] = [
  { T: 1, N: 1, B: 1, start: true, full: true },
  { T: 1, N: 130, B: 3, start: true },
  { T: 7, N: 31, B: 1, full: true, start: true },
  { T: 7, N: 33, B: 3, dense: true },
  { T: 63, N: 1, B: 3, full: true },
  { T: 63, N: 31, B: 3, lengths: [63, 32, 5], start: true },
  { T: 63, N: 33, B: 1, chunk: 20, full: true, dense: true, start: true },
  { T: 63, N: 130, B: 3, chunk: 33, lengths: [40, 63, 0] },
];

async function compareAll(
  gpu: GPU,
  log: (...values: unknown[]) => void,
  make: MakeLayer,
  recurrent: boolean,
): Promise<void> {
  const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
  const tally = new Tally();
  for (const size of sizes) {
    const layer = make(K, size.N, { recurrent, ...(size.chunk ? { chunk: size.chunk } : {}) });
    tally.add(JSON.stringify(size), await compareWithReference(engine, single(layer, size)));
  }
  // a spike before the first step of an LIF neuron has had its reset in its own step already
  tally.finish(log, make === layers.LIF && !recurrent ? ['gradient of 0 LIF start[1]'] : []);
  engine.dispose();
}

for (const name of ['LIF', 'ALIF', 'AHP'] as const) {
  for (const recurrent of [false, true]) {
    gpuCase(
      `gradients: ${recurrent ? 'recurrent' : 'feed-forward'} ${name} agrees with the reference`,
      ({ gpu, log }) => compareAll(gpu, log, layers[name], recurrent),
      PATIENT,
    );
  }
}

gpuCase(
  'gradients: readout (LI) agrees with the reference',
  ({ gpu, log }) => compareAll(gpu, log, layers.LI, false),
  PATIENT,
);

gpuCase(
  'gradients: delayed readout (LI) agrees with the reference',
  ({ gpu, log }) => {
    const delayed: MakeLayer = (inputs, N, { chunk } = {}) =>
      new Readout(inputs, N, {
        delay: 1,
        inputGain: 'one minus alpha',
        tau: 9,
        learn: ['tau'],
        ...(chunk ? { chunk } : {}),
      });
    return compareAll(gpu, log, delayed, false);
  },
  PATIENT,
);
