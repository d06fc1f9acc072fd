import type { Experiment } from '../../src/check/experiment.ts';
import { AHP } from '../../src/layers/ahp.ts';
import { ALIF } from '../../src/layers/alif.ts';
import { BatchNorm } from '../../src/layers/batch_norm.ts';
import { Conv2d } from '../../src/layers/conv2d.ts';
import { Dropout } from '../../src/layers/dropout.ts';
import { GLIF } from '../../src/layers/glif.ts';
import type { Layer } from '../../src/layers/layer.ts';
import { LIF } from '../../src/layers/lif.ts';
import { Linear } from '../../src/layers/linear.ts';
import { AvgPool2d } from '../../src/layers/pool2d.ts';
import { Readout } from '../../src/layers/readout.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import * as regularize from '../../src/loss/regularize.ts';
import { Random } from './random.ts';

export const [K, C] = [9, 3];

/** Nets whose layers run parts of time again, together where nothing stands between them. */
export const nets: Readonly<Record<string, (T: number, chunk?: number) => Layer[]>> = {
  'layers with weights of their own, a readout of more neurons than one multiplies in the time loop': (_, chunk) => [
    new AHP(K, 33, { recurrent: true, weightGain: 3, ...(chunk ? { chunk } : {}) }),
    new LIF(33, 31, { weightGain: 3, bias: true }),
    new ALIF(31, 20, { recurrent: true, weightGain: 3, learn: ['tau', 'threshold'] }),
    new Readout(20, 17),
  ],
  'a linear layer before each': (_, chunk) => [
    new Linear(K, 33, { weightGain: 4 }),
    new AHP(33, { recurrent: true, learn: ['tau'], ...(chunk ? { chunk } : {}) }),
    new Linear(33, 31, { bias: false, weightGain: 4 }),
    new LIF(31),
    new Readout(31, C),
  ],
  'two linear layers, one after the other; then a layer of few neurons': () => [
    new Linear(K, 12),
    new Linear(12, 33, { weightGain: 4 }),
    new LIF(33),
    new LIF(33, 9, { weightGain: 4 }),
    new Linear(9, 5),
    new Readout(5, 19),
  ],
  'convolutions of spikes and of floats, a pooling between': () => [
    new Conv2d([1, 3, 3], 4, 2, { weightGain: 2 }),
    new LIF(16),
    new Conv2d([4, 2, 2], 9, [2, 1], { weightGain: 4, bias: false }),
    new ALIF(18),
    new AvgPool2d([9, 1, 2], [1, 2]),
    new Conv2d([9, 1, 1], 21, 1, { weightGain: 6 }),
    new LIF(21),
    new Readout(21, C),
  ],
  'dropouts before weights, before neurons and before the readout': () => [
    new LIF(K, 33, { weightGain: 3 }),
    new Dropout(33, 0.3),
    new Linear(33, 31, { weightGain: 4 }),
    new LIF(31),
    new Dropout(31, 0.2),
    new AHP(31),
    new AvgPool2d([1, 1, 31], [1, 3]),
    new Dropout(10, 0.2),
    new Readout(10, C, { weightGain: 3 }),
  ],
  'what needs all of time between them': (T) => [
    new Linear(K, 33, { bias: false }),
    new BatchNorm(33),
    new LIF(33),
    new Dropout(33, 0.3),
    new LIF(33, 20, { weightGain: 3 }),
    new GLIF(20, 14, { steps: T, weightGain: 3 }),
    new Readout(14, C),
  ],
};

export interface LowMemoryOptions {
  readonly T: number;
  readonly B: number;
  readonly memory: 'full' | 'low';
  readonly precision?: 'full' | 'half';
  /** Dense inputs instead of spikes. */
  readonly dense?: boolean;
  readonly lengths?: readonly number[];
  readonly inputGradient?: boolean;
  /** What every layer fires, and its voltages, in the loss. */
  readonly regularized?: boolean;
}

/** One step of a net of these layers with cross entropy. */
export function stepOf(layers: readonly Layer[], options: LowMemoryOptions): Experiment {
  const { T, B, memory, dense = false, lengths, inputGradient = false, regularized = false } = options;
  const net = new Sequential(...layers).initialize(3);
  const random = new Random(`low memory ${T} ${B}`);
  const x = dense ? random.normals(T * B * K) : random.spikes(T * B * K, 0.4);
  return {
    module: net,
    memory,
    precision: options.precision ?? 'full',
    record(tape) {
      const input = tape.input(x, {
        shape: [T, B, K],
        form: dense ? 'f32' : 'bits',
        requiresGrad: inputGradient,
        name: 'x',
        ...(lengths ? { lengths } : {}),
      });
      const y = net.forward(input);
      let { loss } = crossEntropy(
        y,
        Array.from({ length: B }, (_, b) => b % C),
        { at: 'mean' },
      );
      if (regularized)
        loss = loss.add(regularize.rate({ weight: 2 })(tape)).add(regularize.voltage({ weight: 0.5 })(tape));
      return { loss, inputs: inputGradient ? [input] : [], values: [y] };
    },
  };
}
