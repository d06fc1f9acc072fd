import {
  Adam,
  AdLIF,
  AHP,
  ALIF,
  Alpha,
  BRF,
  CarriedState,
  CubaLIF,
  crossEntropy,
  Engine,
  GLIF,
  IF,
  type Layer,
  LIF,
  type LIFOptions,
  Linear,
  PLIF,
  Readout,
  RF,
  regularize,
  SEAdLIF,
  Sequential,
} from 'spiketape';
import type { Step } from '../../../../src/device/device.ts';
import { Recorder } from '../../../../src/device/recorder.ts';
import { assemble, variantKey } from '../../../../src/kernels/kernel.ts';

// Every variant of the kernels of neurons that layers can ask for, made by recording what nets become.

/** A layer [inputs, N] of each neuron, in every form that its options give. */
type Make = (
  inputs: number | null,
  N: number,
  options: { recurrent?: boolean; learn?: string[]; surrogate?: string; bias?: boolean },
) => Layer;

const sized = <L extends Layer, O>(
  Kind: new (...args: [number, number, O] | [number, O]) => L,
  inputs: number | null,
  N: number,
  options: O,
): L => (inputs === null ? new Kind(N, options) : new Kind(inputs, N, options));

export interface Neuron {
  readonly name: string;
  readonly spikes: boolean;
  readonly params: readonly string[];
  readonly make: Make;
}

const each = <T>(...lists: readonly (readonly unknown[])[]): T[] =>
  lists.reduce<unknown[][]>((all, list) => all.flatMap((a) => list.map((x) => [...a, x])), [[]]) as T[];

const leaky: readonly (readonly [what: string, options: LIFOptions, params?: readonly string[]])[] = [
  ['', {}],
  [' euler', { decay: 'euler' }],
  [' detached', { detachReset: true }],
  [' zero', { reset: 'zero' }],
  [' none', { reset: 'none' }],
  [' value', { resetTo: -0.1 }, ['tau', 'threshold', 'resetTo']],
  [' after leak', { resetMoment: 'next step after leak' }],
  [' zero after leak detached', { reset: 'zero', resetMoment: 'next step after leak', detachReset: true }],
  [' zero before leak', { reset: 'zero', resetMoment: 'next step before leak' }],
  [' after reset', { record: 'after reset' }],
  [' one minus alpha', { inputGain: 'one minus alpha' }],
  [' dt/tau', { inputGain: 'dt/tau' }],
  [' beta', { beta: 0.9 }, ['beta', 'threshold']],
  [' refractory', { refractory: 3 }],
  [' one to one', { recurrent: 'one-to-one', refractory: 1 }],
  ...(['snntorch', 'spikingjelly', 'norse', 'lava', 'nir'] as const).map(
    (semantics) => [` ${semantics}`, { semantics }] as const,
  ),
];

/** All choices of equations. */
export const neurons: readonly Neuron[] = [
  ...each<['exponential' | 'euler', boolean]>(['exponential', 'euler'], [false, true]).flatMap(
    ([decay, detachReset]): Neuron[] => [
      {
        name: `AHP ${decay}${detachReset ? ' detached' : ''}`,
        spikes: true,
        params: ['tau', 'tauAhp', 'beta', 'threshold'],
        make: (inputs, N, o) => sized(AHP, inputs, N, { ...o, decay, detachReset }),
      },
      {
        name: `ALIF ${decay}${detachReset ? ' detached' : ''}`,
        spikes: true,
        params: ['tau', 'tauAdaptation', 'beta', 'threshold'],
        make: (inputs, N, o) => sized(ALIF, inputs, N, { ...o, decay, detachReset }),
      },
    ],
  ),
  ...each<['exponential' | 'euler', boolean]>(['exponential', 'euler'], [false, true]).flatMap(
    ([decay, detachReset]): Neuron[] => [
      {
        name: `AdLIF ${decay}${detachReset ? ' detached' : ''}`,
        spikes: true,
        params: ['tau', 'tauW', 'a', 'b', 'threshold'],
        make: (inputs, N, o) => sized(AdLIF, inputs, N, { ...o, decay, detachReset }),
      },
      {
        name: `SEAdLIF ${decay}${detachReset ? ' detached, after its reset' : ''}`,
        spikes: true,
        params: ['tau', 'tauW', 'a', 'b', 'q', 'threshold'],
        make: (inputs, N, o) =>
          sized(SEAdLIF, inputs, N, {
            ...o,
            decay,
            detachReset,
            record: detachReset ? ('after reset' as const) : ('before reset' as const),
          }),
      },
    ],
  ),
  ...(['zero', 'subtract'] as const).map(
    (reset): Neuron => ({
      name: `PLIF ${reset}`,
      spikes: true,
      params: ['k', 'threshold'],
      make: (inputs, N, o) => sized(PLIF, inputs, N, { ...o, reset }),
    }),
  ),
  {
    name: 'GLIF',
    spikes: true,
    params: ['a', 'b', 'c', 'tau', 'l', 'r', 'g', 'threshold'],
    make: (inputs, N, o) =>
      inputs === null ? new GLIF(N, { ...o, steps: 400 }) : new GLIF(inputs, N, { ...o, steps: 400 }),
  },
  {
    name: 'RF',
    spikes: true,
    params: ['period', 'tau', 'threshold'],
    make: (inputs, N, o) => sized(RF, inputs, N, o),
  },
  {
    name: 'BRF',
    spikes: true,
    params: ['omega', 'bOffset', 'gamma', 'threshold'],
    make: (inputs, N, o) => sized(BRF, inputs, N, o),
  },
  // each option of what integrates and fires by itself, and as the frameworks combine them
  ...leaky.map(
    ([what, options, params = ['tau', 'threshold']]): Neuron => ({
      name: `LIF${what}`,
      spikes: true,
      params,
      make: (inputs, N, o) => sized(LIF, inputs, N, { ...o, ...options }),
    }),
  ),
  ...(['subtract', 'zero', 'none'] as const).flatMap((reset): Neuron[] => [
    {
      name: `IF ${reset}`,
      spikes: true,
      params: ['threshold'],
      make: (inputs, N, o) => sized(IF, inputs, N, { ...o, reset, refractory: reset === 'zero' ? 2 : 0 }),
    },
    {
      name: `Alpha ${reset}`,
      spikes: true,
      params: ['tauDecay', 'tauRise', 'threshold'],
      make: (inputs, N, o) => sized(Alpha, inputs, N, { ...o, reset }),
    },
  ]),
  {
    name: 'CubaLIF alpha beta',
    spikes: true,
    params: ['alpha', 'beta', 'threshold'],
    make: (inputs, N, o) => sized(CubaLIF, inputs, N, { ...o, alpha: 0.5, beta: 0.9 }),
  },
  ...(['snntorch', 'norse', 'nir'] as const).map(
    (semantics): Neuron => ({
      name: `CubaLIF ${semantics}`,
      spikes: true,
      params: ['tau', 'tauSyn', 'threshold'],
      make: (inputs, N, o) => sized(CubaLIF, inputs, N, { ...o, semantics }),
    }),
  ),
  ...each<['exponential' | 'euler', 0 | 1, 'one' | 'one minus alpha']>(
    ['exponential', 'euler'],
    [0, 1],
    ['one', 'one minus alpha'],
  ).map(
    ([decay, delay, inputGain]): Neuron => ({
      name: `LI ${decay} delay ${delay} ${inputGain}`,
      spikes: false,
      params: ['tau'],
      make: (inputs, N, { learn, bias }) =>
        sized(Readout, inputs, N, { ...(learn ? { learn } : {}), ...(bias ? { bias } : {}), decay, delay, inputGain }),
    }),
  ),
];

export interface Setting {
  readonly N: number;
  readonly recurrent: boolean;
  readonly learn: boolean;
  readonly surrogate: string;
  readonly bias: boolean;
  /** Spikes gathered in the time loop, dense values through a matrix, or a current from the layer before. */
  readonly input: 'spikes' | 'dense' | 'current';
  readonly lengths: boolean;
  readonly carried: boolean;
  readonly regularized: boolean;
  readonly keepVoltage: boolean;
  readonly memory: 'full' | 'low';
  readonly precision: 'full' | 'half';
  readonly training: boolean;
}

export const plain: Setting = {
  N: 33,
  recurrent: false,
  learn: false,
  surrogate: 'triangle',
  bias: false,
  input: 'spikes',
  lengths: false,
  carried: false,
  regularized: false,
  keepVoltage: false,
  memory: 'full',
  precision: 'full',
  training: true,
};

/** Every setting of structure: what surrounds the equations. */
export const settings: readonly Setting[] = [
  ...each<[number, boolean, 'spikes' | 'dense' | 'current']>(
    [1, 31, 130, 1030],
    [false, true],
    ['spikes', 'dense', 'current'],
  ).map(([N, recurrent, input]) => ({ ...plain, N, recurrent, input, bias: input !== 'current' })),
  ...each<[boolean, boolean, boolean, boolean, boolean]>(
    [false, true],
    [false, true],
    [false, true],
    [false, true],
    [false, true],
  ).map(([recurrent, lengths, carried, regularized, keepVoltage]) => ({
    ...plain,
    recurrent,
    lengths,
    carried,
    regularized,
    keepVoltage,
    learn: true,
  })),
  { ...plain, N: 5000 },
  { ...plain, memory: 'low', recurrent: true, learn: true, lengths: true, carried: true },
  { ...plain, memory: 'low', input: 'current' },
  ...each<[boolean, 'spikes' | 'dense' | 'current']>([false, true], ['spikes', 'dense', 'current']).map(
    ([recurrent, input]) => ({ ...plain, precision: 'half' as const, recurrent, input, bias: input !== 'current' }),
  ),
  { ...plain, training: false },
  { ...plain, training: false, recurrent: true, keepVoltage: true },
];

/** Too wide for one workgroup: a dispatch a step. */
export const wide: Setting = { ...plain, N: 1500, recurrent: true, carried: true, lengths: true, keepVoltage: true };

/** The step that a net of this one layer (and a readout after it) becomes; with carried state, that of the second window. */
export async function stepOf(neuron: Neuron, setting: Setting): Promise<Step> {
  const { N, recurrent, learn, surrogate, bias, input, lengths, carried, regularized, keepVoltage, training } = setting;
  // long enough for a trace in parts
  const T = setting.memory === 'low' ? 12 : 4;
  const options = {
    ...(neuron.spikes ? { recurrent, surrogate } : {}),
    ...(learn ? { learn: [...neuron.params] } : {}),
    ...(bias ? { bias } : {}),
  };
  const current = input === 'current';
  const layer = neuron.make(current ? null : 6, N, options);
  const net = new Sequential(...(current ? [new Linear(6, N)] : []), layer, new Readout(N, 3));
  const recorder = new Recorder({ maxWorkgroup: 256, maxBinding: 2 ** 31, packedWeights: true });
  const engine = new Engine(recorder);
  engine.bind(net);
  const state = carried ? new CarriedState() : undefined;
  for (let i = 0; i < (carried ? 2 : 1); i++) {
    const tape = engine.tape({ training, memory: setting.memory, precision: setting.precision });
    const x = tape.input(new Float32Array(T * 2 * 6), {
      shape: [T, 2, 6],
      form: input === 'spikes' ? 'bits' : 'f32',
      ...(lengths ? { lengths: [T, 2] } : {}),
    });
    const y = net.forward(x, state ? { state } : {});
    if (keepVoltage) for (const c of tape.cells) for (const t of [c.v, ...Object.values(c.states)]) t.keep();
    const { loss } = crossEntropy(y, [0, 1]);
    const terms = regularized && neuron.spikes ? [regularize.rate()(tape), regularize.voltage()(tape)] : [];
    if (training) {
      terms.reduce((a, b) => a.add(b), loss).backward();
      await new Adam().step(tape);
    } else await tape.run();
  }
  return recorder.steps.at(-1)!;
}

/** The texts of all variants of kernels in these steps, each once, by what they are. */
export function textsOf(
  steps: Iterable<readonly [name: string, step: Step]>,
): Map<string, { name: string; code: string }> {
  const texts = new Map<string, { name: string; code: string }>();
  for (const [name, step] of steps) {
    for (const { kernel, variant } of step.calls) {
      const key = variantKey(kernel, variant);
      if (!texts.has(key)) texts.set(key, { name: `${kernel.name} of ${name}`, code: assemble(kernel, variant) });
    }
  }
  return texts;
}
