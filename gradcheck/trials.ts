import { fitGain } from '../src/check/gain.ts';
import { Random } from '../src/check/random.ts';
import { makeTrial, type Trial } from '../src/check/trial.ts';
import { ABSENT, askedOf, type Combination, lossOf, nameOf, regularizerOf } from './combinations.ts';
import { makeLayer, neurons } from './neurons.ts';

/** How large a trial is. */
export interface Size {
  readonly T: number;
  readonly B: number;
  readonly K: number;
  readonly N: number;
}

/** For float64, where a trial runs some tens of times. */
export const SMALL: Size = { T: 9, B: 2, K: 5, N: 5 };
/** For the GPU: N and K are no multiples of 4 or 32, and a combination shares what it compiles with the others. */
export const LARGE: Size = { T: 18, B: 3, K: 21, N: 33 };
/** Shapes that some combinations have on the GPU instead: one of everything, whole words and quads, several workgroups. */
const ODD: readonly Size[] = [
  { T: 1, B: 1, K: 1, N: 1 },
  { T: 7, B: 5, K: 32, N: 64 },
  { T: 33, B: 1, K: 3, N: 31 },
  { T: 12, B: 2, K: 65, N: 130 },
];
/** One in so many has one. */
const RARELY = 8;
/** A gradient that never shrinks grows with every step of a recurrent net. */
const SHORT = 6;

const stepsOf = (c: Combination, { T }: Size): number => (c.surrogate === 'straight_through' ? Math.min(T, SHORT) : T);

function lengthsOf(c: Combination, size: Size): readonly number[] | null {
  const T = stepsOf(c, size);
  return c.lengths === 'cut' ? Array.from({ length: size.B }, (_, b) => Math.max(0, T - b * Math.floor(T / 3))) : null;
}

/** The net of a combination. @param lengths of the samples, each at most the steps that it has */
export function trialOf(c: Combination, size: Size, gain: number, seed = 0, lengths = lengthsOf(c, size)): Trial {
  const { K, N, B } = size;
  const T = stepsOf(c, size);
  const make = (recurrent: boolean | 'dense' | 'one-to-one') =>
    makeLayer(c.neuron!, { K, N, T }, askedOf(c), c.constants === 'per neuron', {
      recurrent,
      ...(c.surrogate === ABSENT ? {} : { surrogate: c.surrogate! }),
    });
  const layer = make(c.recurrent === 'none' ? false : (c.recurrent as 'dense' | 'one-to-one'));
  const { current } = neurons[c.neuron!]!;
  return makeTrial({
    layer,
    neuron: make(false).definition,
    T,
    B,
    C: 3,
    ...(lengths ? { lengths } : {}),
    dense: c.input === 'dense',
    start: c.start === 'given',
    memory: c.memory === 'low' ? 'low' : 'full',
    precision: c.precision === 'half' ? 'half' : 'full',
    loss: lossOf(c),
    regularizers: regularizerOf(c).parts,
    ...(current ? { current } : {}),
    gain,
    seed: `${nameOf(c)}/${seed}`,
  });
}

/** The shape of a combination's net on the GPU. */
export function sizeOf(c: Combination): Size {
  const random = new Random(`${nameOf(c)}/size`);
  const i = Math.floor(random.uniform() * RARELY * ODD.length);
  return ODD[i] ?? LARGE;
}

/** The gain with which a combination's net fires on the GPU. */
export const gainOf = (c: Combination): { gain: number; rate: number } =>
  c.surrogate === ABSENT ? { gain: 1, rate: 0 } : fitGain((gain) => trialOf(c, { ...LARGE, B: 1 }, gain));
