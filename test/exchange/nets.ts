import seedrandom from 'seedrandom';
import type { Sample } from '../../src/exchange/activity.ts';
import { GRU, LSTM } from '../../src/gated/index.ts';
import {
  AdLIF,
  AHP,
  ALIF,
  Alpha,
  AvgPool2d,
  BatchNorm,
  BRF,
  Conv2d,
  CubaLIF,
  Dropout,
  decay,
  defineNeuron,
  expr,
  Flatten,
  GLIF,
  IF,
  type Layer,
  LIF,
  Linear,
  Neuron,
  Parallel,
  PLIF,
  Readout,
  Residual,
  RF,
  SEAdLIF,
  Sequential,
  SumPool2d,
  spike,
  tanh,
} from '../../src/index.ts';

/** Steps and samples of every comparison. */
export const T = 200;
export const B = 3;

/** A net that other tools are given, and what it is given. */
export interface TestNet {
  readonly name: string;
  /** As the table has it. */
  readonly title: string;
  readonly net: Sequential;
  readonly sample: Sample;
}

/** As NIR's neurons are: a hard reset in the spike's own step; v is recorded with it. */
const hard = { reset: 'zero', resetMoment: 'same step', record: 'after reset' } as const;
/** As snnTorch's are by default. */
const soft = { semantics: 'snntorch' } as const;
/** As lava's are. */
const lava = { semantics: 'lava' } as const;
const various = { uniform: [5, 40] } as const;

const tired = defineNeuron({
  name: 'Tired',
  params: {
    tau: { default: 15, unit: 'ms', min: 1, max: 1000, meaning: 'membrane time constant' },
    tauFatigue: { default: 40, unit: 'ms', min: 1, max: 10_000, meaning: 'time constant of the fatigue' },
    strength: { default: 1, unit: '', min: 0, max: 10, meaning: 'how much fatigue raises the threshold' },
    threshold: { default: 1, unit: '', min: 1e-3, max: 1e3, meaning: 'threshold at rest' },
  },
  states: ['v', 'f'],
  equations({ I, z, param, state }) {
    const f = decay(param.tauFatigue!, 1).mul(state.f!).add(z);
    const theta = param.threshold!.mul(param.strength!.mul(tanh(f)).add(1));
    const v = decay(param.tau!, 1).mul(state.v!).mul(expr(1).sub(z)).add(I);
    return { next: { v, f }, z: spike(v.sub(theta).div(theta)), v };
  },
});

const inputs = 21;
/** The layers of each net, what the table calls it, and the share of inputs that fire. */
const layers: Readonly<Record<string, readonly [title: string, layers: () => Layer[], share?: number]>> = {
  feed: [
    'LIF, two layers',
    () => [
      new Linear(inputs, 15),
      new LIF(15, { ...hard, tau: 10 }),
      new Linear(15, 7),
      new LIF(7, { ...hard, tau: 20 }),
    ],
  ],
  recurrent: [
    'LIF, recurrent',
    () => [
      new LIF(inputs, 15, { ...hard, tau: 15, recurrent: true, bias: true }),
      new Linear(15, 7),
      new LIF(7, { ...hard, tau: 10 }),
    ],
  ],
  various: [
    'LIF, a tau for each neuron',
    () => [new Linear(inputs, 15), new LIF(15, { ...hard, tau: various }), new LIF(15, 7, { ...hard, tau: various })],
  ],
  variousRecurrent: [
    'LIF, recurrent, a tau for each neuron',
    () => [new LIF(inputs, 15, { ...hard, tau: various, recurrent: true }), new LIF(15, 7, { ...hard, tau: various })],
  ],
  integrate: ['IF', () => [new Linear(inputs, 15, { bias: false }), new IF(15, hard), new IF(15, 7, hard)], 0.1],
  cuba: [
    'CubaLIF',
    () => [
      new CubaLIF(inputs, 15, { ...hard, tau: 15, tauSyn: 4 }),
      new CubaLIF(15, 7, { ...hard, tau: 10, weightGain: 0.3, bias: true }),
    ],
    0.1,
  ],
  conv: [
    'Conv2d, LIF, AvgPool2d, Linear, LIF',
    () => [
      new Conv2d([1, 8, 8], 3, 3),
      new LIF(108, { ...hard, tau: 10 }),
      new AvgPool2d([3, 6, 6], 2),
      new Flatten([3, 3, 3]),
      new Linear(27, 7, { weightGain: 3 }),
      new LIF(7, { ...hard, tau: 20 }),
    ],
  ],
  ahp: [
    'AHP, recurrent, half of it adaptive; readout',
    () => [new AHP(inputs, 15, { recurrent: true, adaptive: 8, beta: 0.2, tauAhp: 100 }), new Readout(15, 5)],
  ],
  alif: [
    'ALIF, recurrent; readout',
    () => [new ALIF(inputs, 15, { recurrent: true, threshold: 0.1, refractory: 2 }), new Readout(15, 5)],
  ],
  soft: [
    "LIF as snnTorch's Leaky: subtract, one step late",
    () => [
      new Linear(inputs, 15),
      new LIF(15, { ...soft, beta: 0.9 }),
      new Linear(15, 7, { weightGain: 2 }),
      new LIF(7, soft),
    ],
  ],
  softRecurrent: [
    "LIF as snnTorch's RLeaky",
    () => [
      new Linear(inputs, 15),
      new LIF(15, { ...soft, recurrent: true, recurrentGain: 0.5 }),
      new Linear(15, 7),
      new LIF(7, soft),
    ],
  ],
  softCuba: [
    "CubaLIF as snnTorch's Synaptic",
    () => [new Linear(inputs, 15), new CubaLIF(15, { ...soft, tau: 10, tauSyn: 5 })],
    0.1,
  ],
  softAlpha: ["Alpha as snnTorch's Alpha", () => [new Linear(inputs, 15), new Alpha(15, { ...soft, threshold: 0.3 })]],
  loihi: [
    "LIF as lava's, recurrent",
    () => [
      new LIF(inputs, 15, { ...lava, beta: 1 - 300 / 4096, recurrent: true }),
      new Linear(15, 7, { weightGain: 2 }),
      new LIF(7, { ...lava, beta: 1 - 204 / 4096 }),
    ],
  ],
  loihiCuba: [
    "CubaLIF as lava's",
    () => [new CubaLIF(inputs, 15, { ...lava, beta: 1 - 300 / 4096, alpha: 0.75, weightGain: 0.5 })],
  ],
  structure: [
    'convolution with batch norm and pooling, residual, parallel',
    () => [
      new Sequential(new Conv2d([1, 6, 6], 2, 3), new BatchNorm(32, { channels: 2 }), new SumPool2d([2, 4, 4], 2)),
      new Flatten([2, 2, 2]),
      new LIF(8, { ...hard, tau: 10 }),
      new Residual(new Linear(8, 8), new LIF(8, { ...hard, tau: 10 })),
      new Dropout(8, 0.2),
      new Parallel([new LIF(8, 7, hard), new LIF(8, 7, { ...hard, tau: 5 })], { merge: 'sum' }),
      new Readout(7, 3),
    ],
  ],
  lstm: ['LSTM, Linear', () => [new LSTM(inputs, 9), new Linear(9, 5)]],
  gru: ['GRU, Linear', () => [new GRU(inputs, 9), new Linear(9, 5)]],
  AdLIF: ['AdLIF', () => [new AdLIF(inputs, 9, { recurrent: true, weightGain: 12 }), new Readout(9, 5)]],
  SEAdLIF: ['SEAdLIF', () => [new SEAdLIF(inputs, 9, { recurrent: true, weightGain: 12 }), new Readout(9, 5)]],
  PLIF: ['PLIF', () => [new PLIF(inputs, 9, { weightGain: 3 }), new Readout(9, 5)]],
  GLIF: ['GLIF', () => [new GLIF(inputs, 9, { steps: T, recurrent: true }), new Readout(9, 5)]],
  RF: ['RF', () => [new RF(inputs, 9), new Readout(9, 5)]],
  BRF: ['BRF', () => [new BRF(inputs, 9, { weightGain: 60 }), new Readout(9, 5)]],
  oneToOne: [
    'LIF, each neuron back to itself',
    () => [new LIF(inputs, 9, { recurrent: 'one-to-one', tau: 10, spikeTest: '>=', refractory: 1 }), new Readout(9, 5)],
  ],
  own: ['a neuron of one’s own', () => [new Neuron(tired, inputs, 9, { recurrent: true }), new Readout(9, 5)]],
};

export const netNames: readonly string[] = Object.keys(layers);

/** The net of this name, the same at every call. */
export function testNet(name: string): TestNet {
  const [title, make, share = 0.2] = layers[name]!;
  const net = new Sequential(...make()).initialize(7);
  for (const [parameter, p] of net.namedParameters()) {
    const random = seedrandom(`${name} ${parameter}`);
    const draw = (low: number, high: number) => p.data.forEach((_, i) => (p.data[i] = low + (high - low) * random()));
    if (parameter.endsWith('bias')) draw(-0.05, 0.1);
    // as a training leaves them
    if (parameter.endsWith('running_mean')) draw(-0.2, 0.2);
    if (parameter.endsWith('running_var')) draw(0.5, 2);
  }
  const random = seedrandom(name);
  const values = Float32Array.from({ length: T * B * net.inputs }, () => (random() < share ? 1 : 0));
  return { name, title, net, sample: { T, B, N: net.inputs, inputs: values } };
}
