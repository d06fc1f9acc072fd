import { Alpha } from '../../layers/alpha.ts';
import { CubaLIF } from '../../layers/cuba_lif.ts';
import { IF } from '../../layers/if.ts';
import { LIF } from '../../layers/lif.ts';
import { Linear } from '../../layers/linear.ts';
import type { Neurons } from '../../layers/neurons.ts';
import { Neuron } from '../../layers/own.ts';
import { Readout } from '../../layers/readout.ts';
import type { Semantics } from '../../neurons/semantics.ts';
import { type Building, fill } from './building.ts';
import type { Group } from './keys.ts';
import type { Entry } from './order.ts';
import { stillAbove } from './still_above.ts';

/** The largest decay that a neuron can have here: float32 tells it from 1. */
const SLOWEST = 1 - 2 ** -24;

/** A layer from a module of snnTorch's neurons, with what that computes. */
export function neuronLayer(building: Building, entry: Entry, group: Group): void {
  const { tensors } = group;
  const { width: N } = building;
  if (N === null) throw new Error('does not say how many neurons there are; nothing before or after it does either');
  const kind = kindOf(entry, group);
  const mechanism = ['subtract', 'zero', 'none'][tensors.get('reset_mechanism_val')!.values[0] ?? -1];
  if (tensors.get('reset_mechanism_val')!.values.length !== 1 || mechanism === undefined)
    throw new Error('reset_mechanism_val must be 0 (subtract), 1 (zero) or 2 (none)');
  const factor = tensors.get('graded_spikes_factor')!.values.find((x) => x !== 1);
  if (factor !== undefined) throw new Error(`graded_spikes_factor is ${factor}; spikes here are 0 and 1`);

  const matrix = tensors.get('recurrent.weight')?.shape;
  if (matrix && matrix.join() !== `${N},${N}`)
    throw new Error(
      `recurrent.weight must be [${N}, ${N}], got [${matrix.join(', ')}]; recurrent convolutions are not read`,
    );
  const recurrent = tensors.has('recurrent.weight') ? 'dense' : tensors.has('recurrent.V') ? 'one-to-one' : false;
  const firing = {
    ...(mechanism === 'none' ? { reset: 'none' as const } : resetOf(building, entry, kind, mechanism as 'zero')),
    detachReset: true,
    recurrent: recurrent as 'dense' | 'one-to-one' | false,
    threshold: constant(group, 'threshold', N),
  };
  const beta = decay(building, entry, group, 'beta', N);
  building.layers.push(make(building, entry, group, kind, { ...firing, beta }, N));
  const layer = building.layers.at(-1) as Neurons;
  if (recurrent === 'one-to-one') fill(layer, 'recurrent.weight', spread(tensors.get('recurrent.V')!.values, N, 'V'));
  if (recurrent === 'dense') {
    setMatrix(building, entry, layer, group, N);
    foldBias(building, group, N);
  }
}

type Kind = Group['kind'] | 'Alpha';

function kindOf({ said }: Entry, { kind }: Group): Kind {
  const asked = said.get('kind');
  if (asked === undefined || asked === kind) return kind;
  if (asked === 'Alpha' && kind === 'Synaptic') return 'Alpha';
  throw new Error(`is said to be of kind ${asked}, but has the tensors of ${kind}`);
}

interface Options {
  readonly reset?: 'subtract' | 'zero' | 'none';
  readonly resetMoment?: Semantics['resetMoment'];
  readonly record?: Semantics['record'];
  readonly detachReset: boolean;
  readonly recurrent: 'dense' | 'one-to-one' | false;
  readonly threshold: number | number[];
  readonly beta: number | number[];
}

function make(
  { notes, exact }: Building,
  entry: Entry,
  group: Group,
  kind: Kind,
  options: Options,
  N: number,
): Neurons {
  const { beta, ...firing } = options;
  const output = entry.said.get('output') ?? 'spk';
  if (output !== 'spk' && output !== 'mem') throw new Error(`output must be spk or mem, got '${output}'`);
  if (output === 'mem') {
    if (kind !== 'Leaky' || firing.reset !== 'none')
      throw new Error('output mem: a layer that puts out its voltage must be a Leaky with reset_mechanism none');
    return new Readout(N, { beta: below(notes, entry, 'beta', beta) });
  }
  if (exact && firing.reset === 'subtract' && firing.resetMoment === 'same step') {
    const synaptic = kind === 'Synaptic';
    const constants = { beta, threshold: firing.threshold, ...(synaptic ? { alpha: decayOf(group, 'alpha', N) } : {}) };
    return new Neuron(stillAbove(synaptic), N, { recurrent: firing.recurrent, constants });
  }
  if (kind === 'Leaky' || kind === 'RLeaky') {
    // a decay of 1 is no leak at all
    if ([beta].flat().every((b) => b === 1)) return new IF(N, firing);
    return new LIF(N, { ...firing, beta: below(notes, entry, 'beta', beta) });
  }
  const alpha = below(notes, entry, 'alpha', decayOf(group, 'alpha', N));
  if (kind === 'Alpha') {
    if (firing.reset === 'subtract')
      throw new Error("reset 'subtract' of Alpha is a rule that Alpha here does not have");
    if (firing.reset !== 'none' && entry.said.has('reset_delay')) throw new Error('Alpha has no reset_delay');
    return new Alpha(N, { ...firing, alpha, beta: below(notes, entry, 'beta', beta) });
  }
  if (!entry.said.has('kind') && kind === 'Synaptic')
    notes.push(
      `module '${entry.name}' is read as ${kind}; Alpha has the same names: order '${entry.name}(kind=Alpha)'`,
    );
  return new CubaLIF(N, { ...firing, alpha, beta: below(notes, entry, 'beta', beta) });
}

/** When snnTorch resets: Leaky to zero before the leak, all else after it, in the next step; or in the spike's own. */
function resetOf(
  { options, notes }: Building,
  { name, said }: Entry,
  kind: Kind,
  reset: 'subtract' | 'zero',
): Partial<Options> {
  const text = said.get('reset_delay') ?? (options.resetDelay === false ? 'False' : 'True');
  if (text !== 'True' && text !== 'False') throw new Error(`reset_delay must be True or False, got '${text}'`);
  const late = { reset, record: 'before reset' } as const;
  if (text === 'True' || (kind === 'Alpha' && !said.has('reset_delay')))
    return {
      ...late,
      resetMoment: kind === 'Leaky' && reset === 'zero' ? 'next step before leak' : 'next step after leak',
    };
  if (kind === 'RSynaptic')
    throw new Error('reset_delay False: snnTorch 1.0 has an RSynaptic that then fails or does not reset');
  if (reset === 'subtract')
    notes.push(
      `module '${name}': where a voltage is still above the threshold after its reset, snnTorch takes another one off before it tests the next; here it does not`,
    );
  return { reset, resetMoment: 'same step', record: 'after reset' };
}

/** Values of a constant: one, or one for each neuron. */
function constant({ tensors }: Group, name: string, N: number): number | number[] {
  const { values } = tensors.get(name)!;
  return values.length === 1 ? values[0]! : spread(values, N, name);
}

/** One value for each neuron. */
function spread(values: Float64Array, N: number, name: string): number[] {
  if (values.length !== 1 && values.length !== N)
    throw new Error(`${name} must have one number or ${N}, one for each neuron, got ${values.length}`);
  return Array.from({ length: N }, (_, i) => values[i % values.length]!);
}

/** A decay as snnTorch takes it, at least 0 and at most 1. */
function decayOf(group: Group, name: string, N: number): number | number[] {
  const clamp = (x: number): number => Math.min(1, Math.max(0, x));
  const value = constant(group, name, N);
  return typeof value === 'number' ? clamp(value) : value.map(clamp);
}

function decay({ notes }: Building, { name: module }: Entry, group: Group, name: string, N: number): number | number[] {
  if (group.tensors.get(name)!.values.some((x) => x < 0 || x > 1))
    notes.push(`module '${module}': ${name} is outside 0 .. 1, to which snnTorch brings it`);
  return decayOf(group, name, N);
}

/** A decay below 1, as neurons here have them. */
function below(notes: string[], { name: module }: Entry, name: string, value: number | number[]): number | number[] {
  if ([value].flat().every((x) => x <= SLOWEST)) return value;
  notes.push(`module '${module}': ${name} is 1 and becomes ${SLOWEST}, the slowest leak`);
  return typeof value === 'number' ? SLOWEST : value.map((x) => Math.min(x, SLOWEST));
}

/** The weights among the neurons, of which none is from a neuron to itself. */
function setMatrix({ options, notes }: Building, entry: Entry, layer: Neurons, { tensors }: Group, N: number): void {
  const { values } = tensors.get('recurrent.weight')!;
  const own = Array.from({ length: N }, (_, i) => i).filter((i) => values[i * (N + 1)] !== 0);
  if (own.length) {
    const what = `${own.length} of ${N} neurons have a weight to themselves, the first ${own[0]}`;
    if (options.diagonal !== 'drop')
      throw new Error(
        `recurrent.weight: ${what}; recurrent layers here have none. With diagonal 'drop' they are left out`,
      );
    notes.push(`module '${entry.name}': ${what}; they are left out`);
  }
  fill(
    layer,
    'recurrent.weight',
    values.map((w, i) => (i % (N + 1) === 0 ? 0 : w)),
  );
}

/** Puts the bias that comes with the recurrent weights, a constant current, into that of the matrix before. */
function foldBias({ layers, notes }: Building, { name, tensors }: Group, N: number): void {
  const bias = tensors.get('recurrent.bias');
  if (!bias || bias.values.every((b) => b === 0)) return;
  if (bias.values.length !== N) throw new Error(`recurrent.bias must have ${N} numbers, got ${bias.values.length}`);
  const before = layers.at(-2);
  if (!(before instanceof Linear))
    throw new Error('recurrent.bias is not 0, and there is no Linear before it whose bias could take it up');
  const own = before.params.bias?.data;
  const sum = bias.values.map((b, i) => b + (own ? own[i]! : 0));
  const whole = new Linear(before.inputs, N);
  fill(whole, 'weight', before.params.weight!.data);
  fill(whole, 'bias', sum);
  layers[layers.length - 2] = whole;
  if (sum.some((b) => Math.fround(b) !== b))
    notes.push(`module '${name}': its recurrent bias is in the bias before it, as float32 has their sum`);
}
