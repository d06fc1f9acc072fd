import { Random } from '../src/check/random.ts';
import { surrogateNames } from '../src/neurons/surrogates.ts';
import { type Allowed, complete, covering, type Factors, type Row, shuffled } from './covering.ts';
import { losses } from './losses.ts';
import { type Asked, neurons, SEMANTICS, type SemanticName } from './neurons.ts';
import { regularizers } from './regularizers.ts';

/** One thing to prove: a value for each of the factors. */
export type Combination = Row;

/** A factor that a neuron does not have. */
export const ABSENT = '-';

/** What the name of the check's product is made of; the other factors are drawn where all of it is walked. */
const PRODUCT = ['neuron', 'surrogate', 'reset', 'resetMoment', 'detachReset', 'recurrent', 'loss', 'regularizer'];

export const factors: Factors = {
  neuron: Object.keys(neurons),
  surrogate: [...surrogateNames, ABSENT],
  ...Object.fromEntries(Object.entries(SEMANTICS).map(([name, values]) => [name, [...values, ABSENT]])),
  recurrent: ['none', 'dense', 'one-to-one'],
  loss: losses.map((l) => l.name),
  regularizer: regularizers.map((r) => r.name),
  constants: ['per layer', 'per neuron'],
  input: ['spikes', 'dense'],
  lengths: ['whole', 'cut'],
  start: ['zeros', 'given'],
  memory: ['full', 'low'],
  precision: ['full', 'half'],
};

export const lossOf = (c: Combination) => losses.find((l) => l.name === c.loss)!;
export const regularizerOf = (c: Combination) => regularizers.find((r) => r.name === c.regularizer)!;

/** The options of its neuron. */
export const askedOf = (c: Partial<Combination>): Asked =>
  Object.fromEntries(
    (Object.keys(SEMANTICS) as SemanticName[]).filter((n) => c[n] && c[n] !== ABSENT).map((n) => [n, c[n]!]),
  );

/** Whether values go together, as far as they are chosen; the neuron always is. */
export const allowed: Allowed = (c) => {
  const { has, threshold, spiking = true } = neurons[c.neuron!]!;
  for (const name of Object.keys(SEMANTICS) as SemanticName[]) {
    if (c[name] !== undefined && !(has[name] ?? [ABSENT]).includes(c[name])) return false;
  }
  if (c.surrogate !== undefined && (c.surrogate === ABSENT) === spiking) return false;
  if (c.recurrent !== undefined && c.recurrent !== 'none' && !spiking) return false;
  // its voltages are what is read, and kept whole
  if (c.memory === 'low' && !spiking) return false;
  if (c.loss !== undefined && lossOf(c as Row).of === 'spikes' && !spiking) return false;
  if (c.regularizer !== undefined) {
    const r = regularizerOf(c as Row);
    if ((r.spiking && !spiking) || (r.threshold && !threshold)) return false;
  }
  // without a reset there is nothing to say of it
  if (c.reset === 'none' && ((c.resetMoment ?? 'same step') !== 'same step' || c.detachReset === 'true')) return false;
  // that reset is a part of the next step's update: there is no voltage after it
  if (c.record === 'after reset' && c.resetMoment === 'next step after leak') return false;
  // an exponential decay that is given has no dt/tau
  const exponential = c.constant === 'decay' && c.decay === 'exponential';
  return !(exponential && [c.inputGain, c.synapticGain].includes('dt/tau'));
};

/** The fewest that a run without options has. */
const LEAST = 200;

/** Combinations in which every allowed pair of two factors' values occurs, at least 200; the same for the same seed. */
export function pairwise(seed: number): Combination[] {
  const random = new Random(`combinations/${seed}`);
  const rows = covering(factors, allowed, random);
  while (rows.length < LEAST) rows.push(complete(factors, allowed, random, {})!);
  return shuffled(rows, random);
}

/** Every combination of neuron, surrogate, reset, its gradient, recurrence, loss and regulariser; the rest is drawn. */
export function* product(seed: number): Generator<Combination> {
  const random = new Random(`product/${seed}`);
  function* from(row: Record<string, string>, names: readonly string[]): Generator<Combination> {
    const [name, ...more] = names;
    if (name === undefined) {
      yield complete(factors, allowed, random, row)!;
      return;
    }
    for (const value of factors[name]!) {
      if (allowed({ ...row, [name]: value })) yield* from({ ...row, [name]: value }, more);
    }
  }
  yield* from({}, PRODUCT);
}

/** A combination as one line, options that are the usual ones left out. */
export function nameOf(c: Combination): string {
  const usual = new Set([
    ABSENT,
    'false',
    '>',
    'one',
    'exponential',
    '0',
    'none',
    'per layer',
    'whole',
    'zeros',
    'full',
  ]);
  return Object.entries(c)
    .filter(([name, v]) => name === 'neuron' || !usual.has(v))
    .map(([name, v]) => {
      if (name === 'detachReset') return 'detached';
      if (name === 'refractory') return `refractory ${v}`;
      if (name === 'delay') return 'delayed';
      if (name === 'synapticGain') return `synapses ${v}`;
      if (name === 'memory') return 'low memory';
      if (name === 'precision') return 'half precision';
      if (name === 'constant') return v === 'decay' ? 'decays' : '';
      return v === 'given' ? 'start' : v;
    })
    .filter((text) => text !== '')
    .join(', ');
}
