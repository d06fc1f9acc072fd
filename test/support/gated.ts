import type { Tape } from '../../src/autograd/tape.ts';
import type { Tensor } from '../../src/autograd/tensor.ts';
import type { Gated } from '../../src/gated/index.ts';
import { Linear } from '../../src/layers/linear.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { type Experiment, moduleOf } from './experiment.ts';
import { Random } from './random.ts';

export interface OverGated {
  readonly T: number;
  readonly B: number;
  /** Spikes instead of dense inputs. */
  readonly spikes?: boolean;
  readonly lengths?: readonly number[];
  /** Begins from a drawn state, which has a gradient. */
  readonly start?: boolean;
  /** What the loss is of: the outputs, the final states, or (the default) both. */
  readonly of?: 'outputs' | 'final';
  readonly inputGradient?: boolean;
}

const CLASSES = 3;

/** One layer of gated cells between inputs and a cross entropy of weighted sums of its outputs and of its final states. */
export function overGated(layer: Gated, options: OverGated): Experiment {
  const { T, B, lengths, of } = options;
  const [K, H] = [layer.inputs, layer.outputs];
  const [outputs, finals] = [new Linear(H, CLASSES), new Linear(H, CLASSES)];
  const module = moduleOf(
    [layer, ...(of === 'final' ? [] : [outputs]), ...(of === 'outputs' ? [] : [finals])],
    `gated ${layer.config.kind}`,
  );
  const random = new Random(`gated ${T} ${B} ${H}`);
  // biases that are all alike would hide which gate has which
  for (const [name, p] of Object.entries(layer.params))
    if (/bias$/.test(name)) p.data.set(random.normals(p.data.length, 0.5));
  const x = options.spikes ? random.spikes(T * B * K, 0.3) : random.normals(T * B * K);
  const states = layer.cell.states.length;
  const begin = random.normals(states * B * H, 0.7);
  const labels = Array.from({ length: B }, (_, b) => (b + 1) % CLASSES);
  const startOf = (tape: Tape): Tensor =>
    tape.input(begin, { shape: [states, B, H], requiresGrad: true, name: `${layer.label} start` });
  return {
    module,
    record(tape) {
      const input = tape.input(x, {
        shape: [T, B, K],
        form: options.spikes ? 'bits' : 'f32',
        requiresGrad: options.inputGradient ?? true,
        name: 'x',
        ...(lengths ? { lengths } : {}),
      });
      const start = options.start ? startOf(tape) : null;
      const { h, final } = layer.run(input, start);
      const losses = [
        of === 'final' ? null : crossEntropy(outputs.forward(h), labels, { at: 'mean' }).loss,
        of === 'outputs' ? null : crossEntropy(finals.forward(final), labels, { at: 'mean' }).loss,
      ].filter((l) => l !== null);
      return {
        loss: losses.reduce((a, b) => a.add(b)),
        inputs: [input, start].filter((t) => t?.requiresGrad === true) as Tensor[],
        values: [h, final],
      };
    },
  };
}
