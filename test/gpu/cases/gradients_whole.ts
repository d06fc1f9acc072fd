import { Engine } from '../../../src/autograd/engine.ts';
import { GpuDevice } from '../../../src/gpu/device.ts';
import { AHP } from '../../../src/layers/ahp.ts';
import { LIF } from '../../../src/layers/lif.ts';
import { fastSigmoid, triangle } from '../../../src/neurons/surrogates.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import type { Experiment } from '../../support/experiment.ts';
import { layers } from '../../support/layers.ts';
import { inPieces, type TwoLayers, twoLayers } from '../../support/network.ts';
import { single } from '../../support/single.ts';
import { type GpuCase, gpuCase } from '../harness/case.ts';

// Whole nets and the ways in which a layer is laid out on the device, against float64.

/** A driver that compiles with LLVM takes some seconds for each new kernel with a time loop in it. */
const compareCase = (name: string, run: GpuCase['run']): void => gpuCase(name, run, { timeout: 300_000 });

type Log = (...values: unknown[]) => void;

/** @param options for the device, and names of tensors that are 0 by the equations */
async function compareEach(
  gpu: GPU,
  log: Log,
  experiments: Record<string, Experiment>,
  options: { maxWorkgroup?: number; zero?: readonly string[] } = {},
): Promise<void> {
  const { zero = [], ...limits } = options;
  const engine = new Engine(await GpuDevice.open({ gpu, poison: true, ...limits }));
  const tally = new Tally();
  for (const [what, experiment] of Object.entries(experiments)) {
    tally.add(what, await compareWithReference(engine, experiment));
  }
  tally.finish(log, zero);
  engine.dispose();
}

// With 8 threads a workgroup holds 32 neurons, so these layers are cut into two and five tiles.
const tiled = { T: 35, B: 3, lengths: [35, 12, 33], start: true };
for (const name of ['LIF', 'ALIF', 'AHP'] as const) {
  compareCase(
    `gradients: ${name} in several tiles, recurrent (a dispatch a step) and not, agrees with the reference`,
    ({ gpu, log }) =>
      compareEach(
        gpu,
        log,
        {
          'recurrent, 33': single(layers[name](9, 33, { recurrent: true }), { ...tiled, full: true }),
          'recurrent, 130': single(layers[name](9, 130, { recurrent: true }), { ...tiled, T: 7, lengths: [7, 2, 6] }),
          'feed-forward, 33': single(layers[name](9, 33), { ...tiled, dense: true }),
          'feed-forward, 130': single(layers[name](9, 130, { chunk: 9 }), { ...tiled, full: true }),
        },
        { maxWorkgroup: 8 },
      ),
  );
}

compareCase(
  'gradients: a sequence in two pieces, the gradient going through the state, agrees with the reference',
  ({ gpu, log }) =>
    compareEach(gpu, log, {
      LIF: inPieces(layers.LIF(9, 33, { recurrent: true }), { T: 40, B: 3 }),
      ALIF: inPieces(layers.ALIF(9, 33, { recurrent: true, chunk: 7 }), { T: 40, B: 3 }),
      AHP: inPieces(layers.AHP(9, 33, { recurrent: true }), { T: 40, B: 3 }),
      'AHP, feed-forward': inPieces(layers.AHP(9, 31), { T: 7, B: 1 }),
    }),
);

const wide = triangle({ gamma: 0.8 });
const soft = fastSigmoid({ slope: 4 });
const ahp = (K: number, N: number) =>
  new AHP(K, N, {
    recurrent: true,
    bias: true,
    surrogate: wide,
    weightGain: 1.5,
    tau: 6,
    tauAhp: 20,
    beta: 0.2,
    learn: ['tau', 'tauAhp', 'beta', 'threshold'],
  });
const lif = (K: number, N: number) =>
  new LIF(K, N, {
    recurrent: true,
    reset: 'zero',
    record: 'after reset',
    surrogate: soft,
    weightGain: 1.5,
    tau: 6,
    learn: ['tau', 'threshold'],
  });

compareCase(
  'gradients: two layers, readout, regularisers, voltages and a layer used twice agree with the reference',
  ({ gpu, log }) => {
    const nets: Record<string, TwoLayers> = {
      plain: { first: ahp, surrogate: wide, start: true },
      'slices, joins and gathers': { first: ahp, surrogate: wide, mixed: true, at: 'mean' },
      'dense input, lengths': {
        first: ahp,
        surrogate: wide,
        dense: true,
        lengths: [7, 4],
        at: { cue: 3 },
        readout: { delay: 1 },
      },
      'LIF recorded after its reset': { first: lif, surrogate: soft, start: true, at: { cue: 2 } },
    };
    const experiments = Object.fromEntries(Object.entries(nets).map(([name, net]) => [name, twoLayers(net)]));
    // the second layer is not recurrent and resets in a spike's own step: a spike before the first step does nothing
    return compareEach(gpu, log, experiments, {
      zero: ['gradient of 1 LIF start[1]'],
    });
  },
);

const variants = {
  'subtract, same step': new LIF(9, 33, { recurrent: true, surrogate: 'triangle', learn: ['tau'], detachReset: true }),
  'zero, same step': new LIF(9, 33, { reset: 'zero', recurrent: true, learn: ['threshold'], record: 'after reset' }),
  'subtract, next step': new LIF(9, 33, { resetMoment: 'next step after leak', surrogate: soft, learn: ['tau'] }),
  'zero, next step': new LIF(9, 33, { reset: 'zero', resetMoment: 'next step after leak', recurrent: true }),
  'Euler, input gain': new LIF(9, 33, { decay: 'euler', inputGain: 'one minus alpha', weightGain: 12, learn: ['tau'] }),
  none: new LIF(9, 33, { reset: 'none', threshold: 2 }),
};
compareCase('gradients: every form of the LIF reset agrees with the reference', ({ gpu, log }) =>
  compareEach(
    gpu,
    log,
    Object.fromEntries(
      Object.entries(variants).map(([name, layer]) => [name, single(layer, { T: 37, B: 2, full: true, start: true })]),
    ),
  ),
);
