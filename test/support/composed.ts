import {
  AHP,
  BatchNorm,
  Dropout,
  Engine,
  LIF,
  Linear,
  Parallel,
  Readout,
  Residual,
  Sequential,
  ThresholdBatchNorm,
} from '../../src/index.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { triangle } from '../../src/neurons/surrogates.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import type { Experiment } from './experiment.ts';
import { Random } from './random.ts';

export interface ComposedOptions {
  readonly T?: number;
  readonly B?: number;
  /** Spikes as inputs instead of dense values. */
  readonly spikes?: boolean;
  readonly lengths?: readonly number[];
}

/** A net of any layers with a cross entropy of what it puts out; every number of it is drawn. */
export function composed(net: Sequential, options: ComposedOptions = {}): Experiment {
  const { T = 7, B = 3, spikes = false, lengths } = options;
  net.initialize(3);
  for (const [name, p] of net.namedParameters()) {
    const random = new Random(`composed/${name}`);
    if (name.endsWith('bias')) p.data.set(random.normals(p.data.length, 0.2));
    // the weights of a normalisation, which all begin at 1
    if (name.endsWith('weight') && p.shape.length === 1) p.data.set(random.between(p.data.length, 0.7, 1.4));
  }
  const random = new Random(`composed ${T} ${B}`);
  const size = T * B * net.inputs;
  const values = spikes ? random.spikes(size, 0.4) : random.normals(size);
  const labels = Array.from({ length: B }, (_, b) => b % net.outputs);
  return {
    module: net,
    record(tape) {
      const x = tape.input(values, {
        shape: [T, B, net.inputs],
        form: spikes ? 'bits' : 'f32',
        requiresGrad: true,
        name: 'x',
        ...(lengths ? { lengths } : {}),
      });
      const y = net.forward(x);
      return { loss: crossEntropy(y, labels, { at: 'mean' }).loss, inputs: [x], values: [y] };
    },
  };
}

/** What a net gives for x in inference, on the reference. */
export async function output(net: Sequential, x: ArrayLike<number>, shape: number[], form: 'f32' | 'bits' = 'f32') {
  const engine = new Engine(new ReferenceDevice());
  engine.bind(net);
  const tape = engine.tape({ training: false });
  const y = net.forward(tape.input(x, { shape, form })).keep();
  await tape.run();
  return [...(await y.read())];
}

const surrogate = triangle({ gamma: 0.8 });
/** Recurrent, everything learned. */
const ahp = (K: number, N: number): AHP =>
  new AHP(K, N, {
    ...{ recurrent: true, bias: true, surrogate, weightGain: 1.5, tau: 6, tauAhp: 20, beta: 0.2 },
    learn: ['tau', 'tauAhp', 'beta', 'threshold'],
  });
const current = (N: number): LIF => new LIF(N, { surrogate, tau: 5, threshold: 0.7, learn: ['tau'] });

/** Dropout, normalisation, residual, parallel and recurrent layers in one net of width N, with a layer in two places. */
export function everything(K: number, N: number, C: number): Sequential {
  const shared = new Residual(
    new Linear(N, N, { bias: false }),
    new ThresholdBatchNorm(N, { threshold: 0.7 }),
    current(N),
  );
  return new Sequential(
    new BatchNorm(K, { affine: false }),
    ahp(K, N),
    new Dropout(N, 0.3),
    shared,
    new Parallel([
      new Sequential(new Linear(N, 3, { bias: false }), new BatchNorm(3)),
      new Residual(new Linear(N, 5), new Dropout(5, 0.2), { projection: new Linear(N, 5, { bias: false }) }),
      new Parallel([new Linear(N, 2), new Linear(N, 2)], { merge: 'sum' }),
    ]),
    new Linear(10, N),
    shared,
    new Readout(N, C, { tau: 5, bias: true, learn: ['tau'] }),
  );
}
