import { add, dense } from '../../src/autograd/ops/elementwise.ts';
import { concatenate, gatherAlong, slice } from '../../src/autograd/ops/rows.ts';
import type { Tensor } from '../../src/autograd/tensor.ts';
import { LIF } from '../../src/layers/lif.ts';
import { Linear } from '../../src/layers/linear.ts';
import type { Neurons } from '../../src/layers/neurons.ts';
import { Readout, type ReadoutOptions } from '../../src/layers/readout.ts';
import { type CrossEntropyOptions, crossEntropy } from '../../src/loss/cross_entropy.ts';
import * as regularize from '../../src/loss/regularize.ts';
import type { Surrogate } from '../../src/neurons/surrogates.ts';
import { drawStart, type Experiment, moduleOf, runCell } from './experiment.ts';
import { Random } from './random.ts';

export interface TwoLayers {
  /** Makes the first layer, from K inputs to N neurons. */
  readonly first: (K: number, N: number) => Neurons;
  readonly surrogate: Surrogate;
  readonly readout?: ReadoutOptions;
  readonly at?: CrossEntropyOptions['at'];
  /** Dense inputs instead of spikes. */
  readonly dense?: boolean;
  readonly lengths?: readonly number[];
  /** An initial state for every layer. */
  readonly start?: boolean;
  /** Sends the readout through slice, concatenate, gather, add along time and batch. Not with lengths. */
  readonly mixed?: boolean;
  readonly seed?: string;
}

const [T, B, K, N, M, C] = [7, 2, 5, 6, 5, 3];

/**
 * Recurrent layer, feed-forward layer, readout, with cross entropy and both regularisers; the first layer's voltage
 * reaches the output as well, and the second layer runs twice, so that gradients add up.
 */
export function twoLayers(options: TwoLayers): Experiment {
  const { seed = 'net', at, lengths } = options;
  const first = options.first(K, N);
  const tau = new Random(`${seed}/tau`).between(M, 3, 9);
  const second = new LIF(N, M, { tau, weightGain: 2, surrogate: options.surrogate, learn: ['tau', 'threshold'] });
  const readout = new Readout(M, C, { bias: true, learn: ['tau'], tau: 5, ...options.readout });
  const voltage = new Linear(N, C);
  const module = moduleOf([first, second, readout, voltage], seed);
  const random = new Random(`${seed}/data`);
  const x = options.dense ? random.normals(T * B * K) : random.spikes(T * B * K, 0.5);

  return {
    module,
    record(tape) {
      const input = tape.input(x, {
        shape: [T, B, K],
        form: options.dense ? 'f32' : 'bits',
        requiresGrad: true,
        name: 'x',
        ...(lengths ? { lengths } : {}),
      });
      const starts = options.start
        ? [first, second, readout].map((l) => drawStart(tape, l, B, `${seed}/${l.label}`))
        : [];
      const a = runCell(first, input, starts[0]);
      const b = runCell(second, a.z!, starts[1]);
      // the same layer once more, on other spikes: its gradients add up
      const c = runCell(second, a.z!, null);
      const spikes = add(dense(b.z!), dense(c.z!));
      const o = runCell(readout, spikes, starts[2]);
      let y: Tensor = add(o.v, voltage.forward(a.v));
      if (options.mixed) y = mix(y);
      const { loss } = crossEntropy(y, [2, 0], at === undefined ? {} : { at });
      const total = loss
        .add(regularize.rate({ target: 0.1, weight: 0.7 })(tape))
        .add(regularize.voltage({ weight: 0.3 })(tape).scale(2));
      return { loss: total, inputs: [input, ...starts], values: [y, a.final, o.final] };
    },
  };
}

/**
 * A sequence in two pieces through one recurrent layer: the second begins with the state that the first left, and its
 * gradient goes back into it. `whole` runs the same sequence in one piece.
 */
export function inPieces(
  layer: Neurons,
  options: { whole?: boolean; chunk?: number; B?: number; T?: number } = {},
): Experiment {
  const { whole = false, B = 2, T = 9 } = options;
  const [K, N] = [layer.inputs, layer.outputs];
  const cut = Math.ceil(T / 3);
  const readout = new Linear(N, C);
  const module = moduleOf([layer, readout], 'pieces');
  const x = new Random('pieces/x').normals(T * B * K);
  return {
    module,
    record(tape) {
      const input = tape.input(x, { shape: [T, B, K], requiresGrad: true, name: 'x' });
      const start = drawStart(tape, layer, B, 'pieces/start');
      const pieces = whole ? [input] : [slice(input, 0, 0, cut), slice(input, 0, cut, T)];
      const runs = [runCell(layer, pieces[0]!, start)];
      if (!whole) runs.push(runCell(layer, pieces[1]!, runs[0]!.final));
      const join = (list: readonly Tensor[]): Tensor =>
        list.length === 1 ? list[0]! : concatenate(list[0]!, list[1]!, 0);
      const [z, v] = [join(runs.map((r) => r.z!)), join(runs.map((r) => r.v))];
      const final = runs.at(-1)!.final;
      // spikes, voltages and the first of the final states all reach the loss
      const y = concatenate(add(readout.forward(z), readout.forward(v)), readout.forward(slice(final, 0, 0, 1)), 0);
      const labels = Array.from({ length: B }, (_, b) => b % C);
      const { loss } = crossEntropy(y, labels, { at: 'mean' });
      return { loss, inputs: [input, start], values: [y, final] };
    },
  };
}

/** Turns time and batch round in parts and adds the whole to itself. */
function mix(y: Tensor): Tensor {
  const turned = concatenate(slice(y, 0, 3, T), slice(y, 0, 0, 3), 0);
  const swapped = concatenate(slice(turned, 1, 1, 2), slice(turned, 1, 0, 1), 1);
  return add(y, gatherAlong(swapped, 0, [0, 2, 2, 5, 1, 6, 3]));
}
