import {
  AdLIF,
  AHP,
  ALIF,
  Alpha,
  AvgPool2d,
  BatchNorm,
  BRF,
  ConstantCurrent,
  Conv2d,
  CubaLIF,
  Dropout,
  defineNeuron,
  Encode,
  encode,
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
  ThresholdBatchNorm,
} from 'spiketape';
import { GRU, LSTM } from 'spiketape/gated';
import { decay } from '../../../src/neurons/definition.ts';
import {
  atan,
  cos,
  exp,
  expm1,
  expr,
  log,
  max,
  min,
  sin,
  spike,
  sqrt,
  tanh,
  where,
} from '../../../src/neurons/expr.ts';

/** A neuron with every operation that definitions can have, most of it over time. */
const everything = defineNeuron({
  name: 'Everything',
  params: {
    tau: { default: 30, unit: 'ms', min: 1, max: 1e4, meaning: 'time constant' },
    threshold: { default: 1, unit: '', min: 0.1, max: 10, meaning: 'threshold' },
  },
  states: ['v', 'a', 'same', 'still'],
  equations({ I, z, param, state }) {
    const { tau, threshold } = param;
    const kept = decay(tau, 1).mul(state.v).mul(expr(1).sub(z));
    const odd = min(sin(state.a), cos(state.a)).add(tanh(atan(state.v)).mul(0.1));
    const bent = sqrt(exp(state.a.mul(0.01))).sub(log(max(state.v.mul(state.v), 0.5)).mul(0.1));
    const v = kept
      .add(I)
      .add(odd.mul(0.1))
      .add(bent.mul(0.1))
      .add(expm1(state.a.mul(1e-4)));
    const a = where(v.ge(0.3), state.a.add(0.1), state.a.mul(0.5).sub(v.neg().mul(0.1)));
    return { next: { v, a, same: I, still: tau }, z: spike(v.sub(threshold)), v };
  },
});

const drawn = { uniform: [5, 40] } as const;

/** A net with one layer of neurons between weights and readout. */
const around = (layer: Layer): Sequential =>
  new Sequential(new Linear(6, layer.inputs), layer, new Linear(layer.outputs, 4), new Readout(4, { tau: 15 }));

const planes = (): Sequential =>
  new Sequential(
    new Conv2d([2, 6, 6], 4, 3, { padding: 'same', weightGain: 3 }),
    new BatchNorm(4 * 36, { channels: 4 }),
    new LIF(4 * 36),
    new SumPool2d([4, 6, 6], 2),
    new Conv2d([4, 3, 3], 6, 2, { groups: 2, padding: 1, stride: 2, bias: false, weightGain: 2 }),
    new PLIF(6 * 4),
    new AvgPool2d([6, 2, 2], 2, { padding: 1 }),
    new Flatten([6, 2, 2]),
    new Conv2d([6, 2, 2], 3, 2, { padding: 'same', dilation: 1 }),
    new Linear(12, 5),
    new Readout(5),
  );

/** Trained things, as after training: running statistics, gates, biases. */
export function disturb(net: Sequential): Sequential {
  for (const [name, p] of net.namedParameters())
    if (/bias|running|\.[bg]$/.test(name))
      p.data.forEach((x, i) => {
        p.data[i] = x + 0.05 * Math.abs(Math.sin(i + 1));
      });
  return net;
}

/** Nets for which the export is to be exact, each with all its parts. */
export const nets: Readonly<Record<string, () => Sequential>> = {
  IF: () => around(new IF(12)),
  LIF: () => around(new LIF(12, { tau: drawn, refractory: 3 })),
  'LIF to a value': () => around(new LIF(12, { resetTo: -0.2, resetMoment: 'next step after leak' })),
  'LIF with weights': () => new Sequential(new LIF(6, 12, { recurrent: true, bias: true, refractory: 1 })),
  'LIF one to one': () => new Sequential(new LIF(6, 12, { recurrent: 'one-to-one' }), new Readout(12, 3)),
  CubaLIF: () => around(new CubaLIF(12, { tau: drawn, synapticDelay: 1, inputGain: 'dt/tau' })),
  Alpha: () => around(new Alpha(12)),
  ALIF: () => around(new ALIF(12)),
  AHP: () =>
    new Sequential(new AHP(6, 12, { recurrent: true, adaptive: 5, weightGain: 2 }), new Readout(12, 3, { delay: 1 })),
  AdLIF: () => around(new AdLIF(12)),
  SEAdLIF: () => around(new SEAdLIF(12)),
  PLIF: () => around(new PLIF(12)),
  GLIF: () => around(new GLIF(12, { steps: 250, recurrent: true })),
  RF: () => around(new RF(12)),
  BRF: () => around(new BRF(12, { omega: { uniform: [5, 10] }, threshold: 0.1 })),
  "a neuron of one's own": () => around(new Neuron(everything, 12)),
  'masked and signed': () =>
    new Sequential(
      new LIF(6, 12, {
        recurrent: true,
        connections: { density: 0.5, excitatory: 0.8 },
        recurrentConnections: { density: 0.3 },
        weightGain: 3,
      }),
    ),
  planes,
  LSTM: () => new Sequential(new LSTM(6, 12), new Linear(12, 8), new LIF(8)),
  GRU: () => new Sequential(new LIF(6, 10, { weightGain: 3 }), new GRU(10, 12), new Linear(12, 3)),
  'branches and sums': () => {
    const shared = new LIF(12, 12, { weightGain: 2 });
    return new Sequential(
      new Parallel([new LIF(6, 8, { weightGain: 3 }), new Sequential(new Linear(6, 4), new IF(4))]),
      new Residual(shared, new Dropout(12), { projection: new Linear(12, 12) }),
      new Residual(shared),
      new Parallel([new Readout(12, 3), new Linear(12, 3)], { merge: 'sum' }),
    );
  },
  'norms of each step': () =>
    new Sequential(
      new Linear(6, 12),
      new ThresholdBatchNorm(12, { perStep: 250, threshold: 2 }),
      new LIF(12),
      new BatchNorm(12, { affine: false, channels: 3 }),
    ),
};

/** Nets whose input stands still, [1, B, N]. */
export const still: Readonly<Record<string, () => Sequential>> = {
  'constant current': () => new Sequential(new ConstantCurrent(6, 200), new Linear(6, 12), new LIF(12)),
  latency: () => new Sequential(new Encode(6, encode.latency({ steps: 200 })), new LIF(6, 12, { weightGain: 3 })),
  'latency of a population': () =>
    new Sequential(
      new Encode(6, encode.latency({ steps: 200, population: { cells: 4 } })),
      new LIF(24, 12, { weightGain: 3 }),
    ),
};

/** Nets that look at changes of their input. */
export const changing: Readonly<Record<string, () => Sequential>> = {
  delta: () => new Sequential(new Encode(6, encode.delta({ threshold: 0.25 })), new LIF(12, 12, { weightGain: 3 })),
  'delta ahead': () => new Sequential(new Encode(6, encode.delta({ threshold: 0.25, ahead: true })), new LIF(12)),
  'level crossing': () =>
    new Sequential(
      new Encode(6, encode.levelCrossing({ levels: [0.2, 0.5, 0.8] })),
      new LIF(36, 12, { weightGain: 2 }),
    ),
};
