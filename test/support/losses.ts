import type { Tensor } from '../../src/autograd/tensor.ts';
import { LIF } from '../../src/layers/lif.ts';
import { Linear } from '../../src/layers/linear.ts';
import { Readout } from '../../src/layers/readout.ts';
import * as losses from '../../src/loss/index.ts';
import * as regularize from '../../src/loss/regularize.ts';
import { triangle } from '../../src/neurons/surrogates.ts';
import { type Experiment, moduleOf, runCell } from './experiment.ts';
import { Random } from './random.ts';

export interface LossSizes {
  readonly T: number;
  readonly B: number;
  readonly N: number;
  readonly lengths?: readonly number[];
}

/** What a loss is tried on: the spikes of a layer, or a weighted sum of them. */
export interface LossCase {
  readonly of: 'spikes' | 'membrane';
  readonly make: (sizes: LossSizes, random: Random) => losses.LossFunction;
  /** What it compares with. */
  readonly targets: 'labels' | 'labelsPerStep' | 'perSample' | 'perStep' | 'spikes';
}

const mask = ({ T, B }: LossSizes, random: Random, perSample: boolean): number[] => {
  const all = random.between(perSample ? T * B : T, 0.2, 2).map((w, i) => (i % 3 === 1 ? 0 : w));
  // the first step always counts, so that no sample is left without any
  return all.map((w, i) => (i < (perSample ? B : 1) ? 1 : w));
};

/** Every loss, with its options between them. */
export const lossCases: Readonly<Record<string, LossCase>> = {
  'ce_rate on spikes': { of: 'spikes', make: () => losses.named('ce_rate'), targets: 'labels' },
  'ce_count on spikes, smoothing': {
    of: 'spikes',
    make: () => losses.named('ce_count', { smoothing: 0.2 }),
    targets: 'labels',
  },
  'ce_mean, class weights, smoothing, mask over time': {
    of: 'membrane',
    make: (s, random) =>
      losses.named('ce_mean', {
        smoothing: 0.1,
        classWeights: random.between(s.N, 0.5, 2),
        mask: mask(s, random, false),
      }),
    targets: 'labels',
  },
  'ce_max_membrane, mask over time and samples': {
    of: 'membrane',
    make: (s, random) => losses.named('ce_max_membrane', { mask: mask(s, random, true) }),
    targets: 'labels',
  },
  'ce_last, class weights': {
    of: 'membrane',
    make: (s, random) => losses.named('ce_last', { classWeights: random.between(s.N, 0.5, 2) }),
    targets: 'labels',
  },
  'cross entropy at the cue, mask': {
    of: 'membrane',
    make: (s, random) => losses.crossEntropy({ at: { cue: 2 }, mask: mask(s, random, true) }),
    targets: 'labels',
  },
  'cross entropy with a label a step, smoothing': {
    of: 'membrane',
    make: () => losses.crossEntropy({ at: 'each step', smoothing: 0.1 }),
    targets: 'labelsPerStep',
  },
  'cross entropy of spikes at the cue, a label a step, mask': {
    of: 'spikes',
    make: (s, random) => losses.crossEntropy({ at: { cue: 3 }, mask: mask(s, random, true) }),
    targets: 'labelsPerStep',
  },
  'mse_count on spikes, rates of right and wrong classes': {
    of: 'spikes',
    make: (s, random) =>
      losses.named('mse_count', { correct: 0.8, wrong: 0.1, classWeights: random.between(s.N, 0.5, 2) }),
    targets: 'labels',
  },
  'mse_count on spikes, counts given, mask': {
    of: 'spikes',
    make: (s, random) => losses.named('mse_count', { targets: 'values', mask: mask(s, random, true) }),
    targets: 'perSample',
  },
  'mse_membrane by label': {
    of: 'membrane',
    make: () => losses.named('mse_membrane', { wrong: -1 }),
    targets: 'labels',
  },
  'mse_membrane, a target a step, mask': {
    of: 'membrane',
    make: (s, random) => losses.named('mse_membrane', { targets: 'values', mask: mask(s, random, false) }),
    targets: 'perStep',
  },
  'squared error of the maximum on spikes': {
    of: 'spikes',
    make: () => losses.squaredError({ at: 'max', targets: 'values' }),
    targets: 'perSample',
  },
  'squared error of the last steps, a target a sample': {
    of: 'membrane',
    make: () => losses.squaredError({ at: { cue: 3 }, targets: 'values' }),
    targets: 'perSample',
  },
  'van_rossum on spikes': { of: 'spikes', make: () => losses.named('van_rossum', { tau: 4 }), targets: 'spikes' },
  'van_rossum on a membrane, mask': {
    of: 'membrane',
    make: (s, random) => losses.named('van_rossum', { tau: 3, dt: 0.5, mask: mask(s, random, true) }),
    targets: 'spikes',
  },
};

const K = 5;
const H = 7;

/** Dense inputs, a layer of neurons, and what the case needs of it. */
export function lossExperiment(test: LossCase, sizes: LossSizes): Experiment {
  const { T, B, N, lengths } = sizes;
  const random = new Random(`loss ${T} ${B} ${N}`);
  const surrogate = triangle({ gamma: 0.7 });
  const neurons = new LIF(K, test.of === 'spikes' ? N : H, { surrogate, tau: 5, weightGain: 1.5 });
  const readout = new Linear(H, N);
  const module = moduleOf(test.of === 'spikes' ? [neurons] : [neurons, readout], 'loss');
  const x = random.normals(T * B * K, 1.2);
  const lossOf = test.make(sizes, random);
  const targets = {
    labels: () => Array.from({ length: B }, (_, b) => (2 * b + 1) % N),
    labelsPerStep: () => Array.from({ length: T * B }, (_, i) => (3 * i + Math.floor(i / B)) % N),
    perSample: () => random.between(B * N, -1, 3),
    perStep: () => random.between(T * B * N, -1, 1),
    spikes: () => random.spikes(T * B * N, 0.3),
  }[test.targets]();
  return {
    module,
    record(tape) {
      const input = tape.input(x, {
        shape: [T, B, K],
        requiresGrad: true,
        name: 'x',
        ...(lengths ? { lengths } : {}),
      });
      const run = runCell(neurons, input);
      const y: Tensor = test.of === 'spikes' ? run.z! : readout.forward(run.v);
      const { loss, result } = lossOf(y, targets);
      return { loss: loss.scale(1.5), inputs: [input], values: [y, result] };
    },
  };
}

/** Every regulariser, with its options between them, for a net whose first layer is spiking. */
export const regularizerCases: Readonly<Record<string, readonly (() => regularize.Regularizer)[]>> = {
  'rate: target and bounds of each neuron': [
    () => regularize.rate({ target: 0.2, lower: 0.15, upper: 0.3, weight: 3 }),
  ],
  'rate: bounds of a layer, another target for the other': [
    () => regularize.rate({ lower: 0.6, upper: 0.7, per: 'layer', weight: 3, layers: [0] }),
    () => regularize.rate({ target: 0.5, per: 'layer', weight: 2, layers: ['1 LIF'] }),
  ],
  'voltage: threshold, and distance in the other layer': [
    () => regularize.voltage({ weight: 0.5, layers: ['0'] }),
    () => regularize.voltage({ form: 'distance', offset: -0.3, scale: 0.7, weight: 0.2, layers: [1] }),
  ],
  'voltage: range, of the readout too': [
    () => regularize.voltage({ form: 'range', offset: -0.2, scale: 0.5, weight: 0.4, layers: [1, '2 Readout'] }),
  ],
  'L1 and L2 of weights': [
    () => regularize.l1({ weight: 0.03, parameters: ['0.weight', '0.recurrent.weight', '2.bias'] }),
    () => regularize.l2({ weight: 0.02 }),
  ],
};

/** Two layers of neurons, the first recurrent, and a readout, with regularisers beside a loss of the readout. */
export function regularizedNet(regularizers: readonly (() => regularize.Regularizer)[], sizes: LossSizes): Experiment {
  const { T, B, N, lengths } = sizes;
  const surrogate = triangle({ gamma: 0.7 });
  const layers = [
    new LIF(K, N, { surrogate, tau: 3, weightGain: 1.5, recurrent: true, bias: true, learn: ['tau', 'threshold'] }),
    new LIF(N, H, { surrogate, tau: 4, weightGain: 2.5 }),
    new Readout(H, 3, { bias: true, tau: 2, weightGain: 3, learn: ['tau'] }),
  ] as const;
  const module = moduleOf(layers, 'regularized');
  const x = new Random(`regularized ${T} ${B}`).normals(T * B * K, 1.2);
  return {
    module,
    record(tape) {
      const input = tape.input(x, {
        shape: [T, B, K],
        requiresGrad: true,
        name: 'x',
        ...(lengths ? { lengths } : {}),
      });
      const a = runCell(layers[0], input);
      const b = runCell(layers[1], a.z!);
      const c = runCell(layers[2], b.z!);
      const labels = Array.from({ length: B }, (_, i) => i % 3);
      const { loss } = losses.crossEntropy({ at: 'mean' })(c.v, labels);
      const total = regularizers.reduce((sum, make) => sum.add(make()(tape)), loss);
      return { loss: total, inputs: [input], values: [a.activity, b.activity] };
    },
  };
}
