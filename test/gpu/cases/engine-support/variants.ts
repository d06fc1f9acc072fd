import {
  Adam,
  AHP,
  ALIF,
  CarriedState,
  crossEntropy,
  Engine,
  type Layer,
  LIF,
  Linear,
  Readout,
  regularize,
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
      ...each<
        [
          'subtract' | 'zero' | 'none',
          'same step' | 'next step',
          'before reset' | 'after reset',
          'one' | 'one minus alpha',
        ]
      >(
        ['subtract', 'zero', 'none'],
        ['same step', 'next step'],
        ['before reset', 'after reset'],
        ['one', 'one minus alpha'],
      ).map(
        ([reset, resetMoment, record, inputGain]): Neuron => ({
          name: `LIF ${decay} ${reset} ${resetMoment} ${record} ${inputGain}${detachReset ? ' detached' : ''}`,
          spikes: true,
          params: ['tau', 'threshold'],
          make: (inputs, N, o) =>
            sized(LIF, inputs, N, { ...o, decay, reset, resetMoment, record, inputGain, detachReset }),
        }),
      ),
    ],
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
  { ...plain, training: false },
  { ...plain, training: false, recurrent: true, keepVoltage: true },
];

/** Too wide for one workgroup: a dispatch a step. */
export const wide: Setting = { ...plain, N: 1500, recurrent: true, carried: true, lengths: true, keepVoltage: true };

/** The step that a net of this one layer (and a readout after it) becomes; with carried state, that of the second window. */
export async function stepOf(neuron: Neuron, setting: Setting): Promise<Step> {
  const { N, recurrent, learn, surrogate, bias, input, lengths, carried, regularized, keepVoltage, training } = setting;
  const options = {
    ...(neuron.spikes ? { recurrent, surrogate } : {}),
    ...(learn ? { learn: [...neuron.params] } : {}),
    ...(bias ? { bias } : {}),
  };
  const current = input === 'current';
  const layer = neuron.make(current ? null : 6, N, options);
  const net = new Sequential(...(current ? [new Linear(6, N)] : []), layer, new Readout(N, 3));
  const recorder = new Recorder({ maxWorkgroup: 256, maxBinding: 2 ** 31 });
  const engine = new Engine(recorder);
  engine.bind(net);
  const state = carried ? new CarriedState() : undefined;
  for (let i = 0; i < (carried ? 2 : 1); i++) {
    const tape = engine.tape({ training });
    const x = tape.input(new Float32Array(4 * 2 * 6), {
      shape: [4, 2, 6],
      form: input === 'spikes' ? 'bits' : 'f32',
      ...(lengths ? { lengths: [4, 2] } : {}),
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
