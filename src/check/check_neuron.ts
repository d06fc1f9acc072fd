import { Engine } from '../autograd/engine.ts';
import { GpuDevice } from '../gpu/device.ts';
import type { NeuronOptions, PerNeuron } from '../layers/neurons.ts';
import { Neuron } from '../layers/own.ts';
import { type Saved, savedBytes } from '../layers/saved_bytes.ts';
import type { NeuronDefinition } from '../neurons/definition.ts';
import { steady } from './conditioning.ts';
import { meanEntropy } from './entropy.ts';
import { fitGain } from './gain.ts';
import { makeTrial, type Trial, type TrialOptions } from './trial.ts';
import { FIRING, judged, largest, measured, wrong } from './verdict.ts';

export interface CheckNeuronOptions {
  /** Where to compare with float64. Default: this place's GPU if there is one; null leaves it out. */
  engine?: Engine<GpuDevice> | null;
  /** Derivative of the spike, a name or a `Surrogate` (default 'triangle'). */
  surrogate?: NeuronOptions['surrogate'];
  /** Values of parameters, where the defaults are not what the neuron will live with. */
  constants?: Readonly<Record<string, PerNeuron>>;
  /** Draws weights and inputs (default 0). */
  seed?: number;
}

/** What `checkNeuron` found; `String(report)` is a table of it. */
export interface NeuronReport {
  readonly name: string;
  /** What the forward pass keeps for the backward pass, with every parameter learned. */
  readonly saved: Saved;
  /** Largest error of a gradient in float64, over its magnitude, by the exact derivatives of a naive net. */
  readonly error: number;
  /** Largest difference of a value or gradient between GPU and float64, over its magnitude; null without a GPU. */
  readonly gpu: number | null;
  /** Spikes of the GPU that differ from those of float64, and how many were compared. */
  readonly flips: { readonly count: number; readonly compared: number };
  /** Spikes per neuron and step in the check; 0 for a neuron that does not spike. */
  readonly rate: number;
  toString(): string;
}

interface Size {
  readonly T: number;
  readonly B: number;
  readonly K: number;
  readonly N: number;
}

const SMALL: Size = { T: 9, B: 2, K: 5, N: 5 };
const LARGE: Size = { T: 18, B: 3, K: 21, N: 33 };

/** The forms in which a layer of the neuron is checked. */
const forms: readonly (Pick<TrialOptions, 'dense' | 'start'> & {
  name: string;
  recurrent: false | 'dense' | 'one-to-one';
  cut?: boolean;
})[] = [
  { name: 'feed-forward on spikes', recurrent: false },
  {
    name: 'recurrent, on dense inputs of different lengths, from a given state',
    recurrent: 'dense',
    dense: true,
    start: true,
    cut: true,
  },
  { name: 'recurrent one to one, from a given state', recurrent: 'one-to-one', start: true },
];

/**
 * Proves the gradients of a neuron: its derived backward pass in float64 against exact forward-mode derivatives of a naive
 * net, for every parameter, weight, input and initial state, in the smooth mode in which a spike has the value of the
 * surrogate's primitive; and, where there is a GPU, everything that its kernels compute against float64, spiking. The
 * neuron is checked feed-forward, recurrent and one to one, with weights at which it fires.
 *
 * @throws with every finding when a gradient is wrong by more than 1e-6 of its magnitude, or the GPU by more than 1e-4;
 *   when no gradient reaches a parameter; when no weights make the neuron fire now and then
 */
export async function checkNeuron(
  definition: NeuronDefinition,
  options: CheckNeuronOptions = {},
): Promise<NeuronReport> {
  const { engine: given, seed = 0 } = options;
  const own = given === undefined ? await localGpu() : null;
  const engine = given ?? own;
  const spiking = definition.z !== null;
  const problems: string[] = [];
  const errors: number[] = [];
  const differences: number[] = [];
  const flips = { count: 0, compared: 0 };
  const rates: number[] = [];
  try {
    for (const form of spiking ? forms : forms.filter((f) => !f.recurrent)) {
      const note = (lines: readonly string[]) => problems.push(...lines.map((line) => `${form.name}: ${line}`));
      const make = (size: Size, gain: number, n = 0) => trialOf(definition, options, form, size, gain, `${seed}/${n}`);
      const { gain, rate } = spiking ? fitGain((g) => make(LARGE, g)) : { gain: 1, rate: 0 };
      if (spiking && !(rate > FIRING.least && rate < FIRING.most))
        note([
          `the neurons fire at ${(100 * rate).toFixed(1)} % of the steps at best, too seldom or too often to check`,
        ]);
      const { judgement } = await judged((n) => make(SMALL, gain, n));
      note(wrong(judgement));
      errors.push(...judgement.agreements.map((a) => a.error));
      rates.push(rate);
      if (!engine) continue;
      const gpu = await measured(engine, await steady((n) => make(LARGE, gain, n)));
      note(gpu.problems);
      differences.push(gpu.worst);
      flips.count += gpu.flips.count;
      flips.compared += gpu.flips.compared;
    }
  } finally {
    own?.dispose();
  }
  if (problems.length > 0) throw new Error(`checkNeuron('${definition.name}'):\n  ${problems.join('\n  ')}`);
  const saved = savedBytes(layerOf(definition, options, false, SMALL));
  const rate = rates.reduce((a, b) => a + b, 0) / rates.length;
  const found = { saved, error: largest(errors), gpu: engine ? largest(differences) : null, flips, rate };
  return { name: definition.name, ...found, toString: () => written(definition.name, found) };
}

/** This place's GPU, if it has one. */
async function localGpu(): Promise<Engine<GpuDevice> | null> {
  const adapter = await globalThis.navigator?.gpu?.requestAdapter();
  return adapter ? new Engine(await GpuDevice.open()) : null;
}

function layerOf(
  definition: NeuronDefinition,
  { surrogate, constants }: CheckNeuronOptions,
  recurrent: false | 'dense' | 'one-to-one',
  { K, N }: Size,
): Neuron {
  return new Neuron(definition, K, N, {
    recurrent,
    learn: true,
    bias: true,
    ...(surrogate === undefined ? {} : { surrogate }),
    ...(constants ? { constants } : {}),
  });
}

function trialOf(
  definition: NeuronDefinition,
  options: CheckNeuronOptions,
  form: (typeof forms)[number],
  size: Size,
  gain: number,
  seed: string,
): Trial {
  const { T, B } = size;
  const { recurrent, dense = false, start = false, cut } = form;
  return makeTrial({
    layer: layerOf(definition, options, recurrent, size),
    neuron: definition,
    T,
    B,
    dense,
    start,
    ...(cut ? { lengths: Array.from({ length: B }, (_, b) => T - 3 * b) } : {}),
    loss: meanEntropy,
    gain,
    seed: `check/${definition.name}/${form.name}/${seed}`,
  });
}

function written(name: string, { saved, error, gpu, flips, rate }: Omit<NeuronReport, 'name' | 'toString'>): string {
  const kept = [...saved.planes, ...(rate > 0 ? ['the spike'] : [])].join(', ') || 'nothing';
  return [
    `${name}: all gradients are right`,
    `  float64 against exact derivatives  ${error.toExponential(1)}`,
    `  GPU against float64                ${gpu === null ? 'no GPU' : gpu.toExponential(1)}`,
    `  spikes that differ on the GPU      ${flips.count} of ${flips.compared}`,
    `  neurons firing in the check        ${(100 * rate).toFixed(0)} %`,
    `  saved per neuron and step          ${saved.bytes} bytes (${kept})`,
  ].join('\n');
}
