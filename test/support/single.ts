import { add } from '../../src/autograd/ops/elementwise.ts';
import { linear } from '../../src/autograd/ops/linear.ts';
import type { Tensor } from '../../src/autograd/tensor.ts';
import { Linear } from '../../src/layers/linear.ts';
import type { Neurons } from '../../src/layers/neurons.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import * as regularize from '../../src/loss/regularize.ts';
import { drawStart, type Experiment, moduleOf, runCell } from './experiment.ts';
import { Random } from './random.ts';

export interface SingleOptions {
  readonly T: number;
  readonly B: number;
  /** Dense inputs instead of spikes. */
  readonly dense?: boolean;
  readonly lengths?: readonly number[];
  readonly start?: boolean;
  /** Whether the gradient of the inputs is wanted, as it is unless this says otherwise. */
  readonly inputGradient?: boolean;
  readonly memory?: 'full' | 'low';
  /**
   * Everything the layer records is read, has a gradient and is regularised. Otherwise its spikes alone are read, as in
   * a net of many layers, and the voltages' memory is used again for gradients.
   */
  readonly full?: boolean;
  readonly seed?: string;
}

const CLASSES = 5;

/** One layer of neurons between inputs and a cross entropy of a weighted sum of what it puts out. */
export function single(layer: Neurons, options: SingleOptions): Experiment {
  const { T, B, lengths, seed = 'single', full = false } = options;
  const [K, N] = [layer.inputs, layer.outputs];
  const [spikesOut, voltageOut] = [new Linear(N, CLASSES), new Linear(N, CLASSES, { bias: false })];
  const spiking = layer.definition.z !== null;
  const both = full || !spiking;
  const module = moduleOf([layer, ...(spiking ? [spikesOut] : []), ...(both ? [voltageOut] : [])], seed);
  const random = new Random(`${seed} ${T} ${B} ${N}`);
  const x = options.dense ? random.normals(T * B * K) : random.spikes(T * B * K, 0.3);
  const labels = Array.from({ length: B }, (_, b) => (b + 2) % CLASSES);
  return {
    module,
    memory: options.memory ?? 'full',
    record(tape) {
      const input = tape.input(x, {
        shape: [T, B, K],
        form: options.dense ? 'f32' : 'bits',
        requiresGrad: options.inputGradient ?? true,
        name: 'x',
        ...(lengths ? { lengths } : {}),
      });
      const start = options.start ? drawStart(tape, layer, B, `${seed} start`) : null;
      const run = runCell(layer, input, start);
      const fromVoltage = both ? linear(run.v, voltageOut.params.weight!) : null;
      const fromSpikes = run.z && spikesOut.forward(run.z);
      const y = fromSpikes && fromVoltage ? add(fromSpikes, fromVoltage) : (fromSpikes ?? fromVoltage!);
      let { loss } = crossEntropy(y, labels, { at: T > 5 ? { cue: Math.ceil(0.6 * T) } : 'mean' });
      if (full && spiking) {
        loss = loss.add(regularize.rate({ weight: 2 })(tape)).add(regularize.voltage({ weight: 0.5 })(tape));
      }
      const recorded = full
        ? [run.v, run.final, ...Object.values(run.states), ...(spiking ? [run.activity] : [])]
        : [run.final];
      return {
        loss,
        inputs: [input, start].filter((t) => t?.requiresGrad === true) as Tensor[],
        values: [y, ...recorded],
      };
    },
  };
}
