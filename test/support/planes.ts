import type { Engine } from '../../src/autograd/engine.ts';
import type { Tape } from '../../src/autograd/tape.ts';
import type { Tensor } from '../../src/autograd/tensor.ts';
import { Conv2d, type Conv2dOptions } from '../../src/layers/conv2d.ts';
import { Flatten } from '../../src/layers/flatten.ts';
import type { Layer } from '../../src/layers/layer.ts';
import { LIF } from '../../src/layers/lif.ts';
import { Linear } from '../../src/layers/linear.ts';
import { AvgPool2d, type Pool2dOptions, SumPool2d } from '../../src/layers/pool2d.ts';
import { Readout } from '../../src/layers/readout.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import type { Size2d } from '../../src/layers/window.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { triangle } from '../../src/neurons/surrogates.ts';
import { Adam } from '../../src/optim/adam.ts';
import { type Experiment, moduleOf, type Recorded } from './experiment.ts';
import { Random } from './random.ts';

type Shape = [number, number, number];

export interface OverPlanes {
  readonly T: number;
  readonly B: number;
  /** Dense inputs instead of spikes. */
  readonly dense?: boolean;
  readonly lengths?: readonly number[];
  /** Twice in one step, so that gradients add up. */
  readonly twice?: boolean;
}

const CLASSES = 3;

/** One layer over planes between inputs and a cross entropy, at every step, of a weighted sum of what it puts out. */
export function overPlanes(layer: Layer, { T, B, dense, lengths, twice }: OverPlanes): Experiment {
  const readout = new Linear(layer.outputs, CLASSES);
  const module = moduleOf([layer, readout], 'planes');
  const random = new Random(`planes ${T} ${B} ${layer.inputs}`);
  const length = T * B * layer.inputs;
  const data = [0, 1].map(() => (dense ? random.normals(length) : random.spikes(length, 0.3)));
  return {
    module,
    record(tape) {
      const inputs = (twice ? data : [data[0]!]).map((x, i) =>
        tape.input(x, {
          shape: [T, B, layer.inputs],
          form: dense ? 'f32' : 'bits',
          requiresGrad: true,
          name: `x${i}`,
          ...(lengths ? { lengths } : {}),
        }),
      );
      const labels = Array.from({ length: B }, (_, b) => b % CLASSES);
      const outputs = inputs.map((x) => layer.forward(x, {}));
      const losses = outputs.map((y) => crossEntropy(readout.forward(y), labels, { at: { cue: T } }).loss);
      return { loss: losses.reduce((a, b) => a.add(b)), inputs, values: outputs };
    },
  };
}

/** Convolutions on every odd shape there is: input, channels, kernel, options, what runs through it. */
export const convolutions: Readonly<Record<string, [Shape, number, Size2d, Conv2dOptions, OverPlanes]>> = {
  'one place to one channel': [[1, 1, 1], 1, 1, {}, { T: 1, B: 1, dense: true }],
  '1 x 1, one channel in': [[1, 5, 7], 5, 1, { bias: false }, { T: 1, B: 3 }],
  'three channels, stride with a remainder': [
    [3, 6, 5],
    5,
    [3, 2],
    { stride: [2, 3], padding: [1, 0] },
    { T: 5, B: 2, dense: true, twice: true },
  ],
  'groups of three, dilation, lengths': [
    [4, 5, 4],
    6,
    3,
    { groups: 2, dilation: [1, 2], padding: 2 },
    { T: 5, B: 3, lengths: [5, 2, 0], dense: true },
  ],
  'spikes in groups of five, stride and dilation': [
    [6, 7, 5],
    10,
    2,
    { groups: 2, stride: 2, dilation: 2, padding: [0, 1] },
    { T: 4, B: 2, twice: true },
  ],
  'every channel by itself, an even kernel on the same size': [
    [5, 3, 4],
    10,
    2,
    { groups: 5, padding: 'same' },
    { T: 3, B: 2 },
  ],
  'kernel larger than the input': [[2, 3, 4], 4, 5, { padding: 2 }, { T: 3, B: 3, lengths: [3, 1, 2] }],
  'rows and kernels of several words': [[1, 3, 75], 3, [2, 35], { padding: [0, 3] }, { T: 2, B: 2 }],
  'half of the connections, signs by channel': [
    [3, 5, 4],
    5,
    [2, 3],
    { connections: { density: 0.5, signs: [1, -1, 1] } },
    { T: 3, B: 2 },
  ],
  'rewired groups': [
    [4, 3, 4],
    6,
    2,
    { groups: 2, connections: { rewire: { density: 0.6 } } },
    { T: 2, B: 2, dense: true, twice: true },
  ],
  'rows of several words, every second place': [[2, 2, 75], 2, [1, 3], { stride: 2, dilation: 2 }, { T: 3, B: 1 }],
};

/** Sums and averages on odd shapes: kind, input, window, options, what runs through it. */
export const poolings: Readonly<
  Record<string, [typeof SumPool2d | typeof AvgPool2d, Shape, Size2d, Pool2dOptions, OverPlanes]>
> = {
  'sums side by side, a remainder left out': [SumPool2d, [3, 5, 7], 2, {}, { T: 3, B: 2 }],
  'averages that overlap, padding': [
    AvgPool2d,
    [2, 5, 4],
    [3, 2],
    { stride: [2, 1], padding: 1 },
    { T: 1, B: 3, dense: true },
  ],
  'sums with places between them': [SumPool2d, [1, 7, 33], [2, 1], { stride: [3, 2] }, { T: 2, B: 2, lengths: [2, 1] }],
};

export const convolution = (name: string): Experiment => {
  const [shape, channels, kernel, options, run] = convolutions[name]!;
  return overPlanes(new Conv2d(shape, channels, kernel, options), run);
};

export const pooling = (name: string): Experiment => {
  const [Kind, shape, size, options, run] = poolings[name]!;
  return overPlanes(new Kind(shape, size, options), run);
};

/** Everything in a row: a convolution, neurons, a sum over windows, and a readout. */
function spikingLayers() {
  const conv = new Conv2d([2, 7, 6], 5, 3, { stride: [1, 2], padding: 1, weightGain: 3 });
  const pool = new SumPool2d(conv.outputShape, [2, 2]);
  const lif = new LIF(conv.outputs, { tau: 5, threshold: 0.8, surrogate: triangle({ gamma: 0.8 }) });
  const linear = new Linear(pool.outputs, 4);
  return [conv, lif, pool, new Flatten(pool.outputShape), linear, new Readout(4, 3, { tau: 8 })];
}

const spikingSize = { T: 6, B: 4 };

/** Two kinds of moving spots, and noise. */
function spikingData(layer: Layer): { x: Float32Array; labels: number[] } {
  const { T, B } = spikingSize;
  const random = new Random('spots');
  const labels = Array.from({ length: B }, (_, b) => b % 2);
  const x = random.spikes(T * B * layer.inputs, 0.1);
  for (let t = 0; t < T; t++)
    for (let b = 0; b < B; b++)
      for (let i = 0; i < 3; i++) x[(t * B + b) * layer.inputs + (labels[b] ? 6 * t + i : 41 - t + 6 * i)] = 1;
  return { x, labels };
}

function record(net: (x: Tensor) => Tensor, tape: Tape, first: Layer): Recorded {
  const { T, B } = spikingSize;
  const { x, labels } = spikingData(first);
  const input = tape.input(x, { shape: [T, B, first.inputs], form: 'bits', requiresGrad: true, name: 'x' });
  const y = net(input);
  return { loss: crossEntropy(y, labels, { at: { cue: 4 } }).loss, inputs: [input], values: [y] };
}

export function spikingNet(): Experiment {
  const layers = spikingLayers();
  const module = moduleOf(layers, 'spots');
  const net = (x: Tensor): Tensor => layers.reduce((y, l) => l.forward(y, {}), x);
  return { module, record: (tape) => record(net, tape, layers[0]!) };
}

/** Trains the net for some steps; the loss of each, and the weights in the end. */
export async function trainSpikingNet(
  engine: Engine,
  steps: number,
): Promise<{ losses: number[]; weights: Float32Array }> {
  const net = new Sequential(...spikingLayers());
  engine.bind(net);
  const adam = new Adam({ lr: 0.02 });
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const tape = engine.tape();
    const { loss } = record((x) => net.forward(x), tape, net.layers[0]!);
    loss.backward();
    await adam.step(tape);
    losses.push(await loss.value());
  }
  await engine.pull(net);
  return { losses, weights: net.parameters()[0]!.data.slice() };
}
