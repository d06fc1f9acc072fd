import type { LIFOptions } from 'spiketape';

/** What is measured. Plain data: the contenders in TypeScript and those in Python build their nets from it. */
export interface BenchCase {
  readonly name: string;
  /**
   * - 'recurrent': a layer of neurons connected among themselves, a leaky readout, cross entropy on its mean over time
   * - 'static': the same without recurrent connections
   * - 'feedforward': one Linear without bias and one layer of neurons; the loss is the mean over neurons of the square of
   *   the mean over time and batch of a neuron's spikes
   * - 'neuron': a layer of neurons alone on a dense current; the loss of 'feedforward', its gradient for the current
   */
  readonly kind: 'recurrent' | 'static' | 'feedforward' | 'neuron';
  readonly B: number;
  readonly T: number;
  readonly inputs: number;
  readonly hidden: number;
  /** Classes of the readout; 0 where there is none. */
  readonly outputs: number;
  readonly neuron: 'AHP' | 'LIF';
  readonly recurrent: boolean;
  /** Fraction of the inputs that spike in a step. */
  readonly rate: number;
  /** How many times the batch is run for one timing (1). */
  readonly batches: number;
  /** Learning rate of Adam, which ends each step; 0: a step ends with the gradients. */
  readonly lr: number;
  /** Whether peers run it; the others are ours alone. */
  readonly peers: boolean;
  /** Whether they do on a software adapter too. */
  readonly peersOnSoftware: boolean;
  /** On a software adapter: as it is, with other sizes, or not at all and why. */
  readonly software: 'as is' | Partial<Pick<BenchCase, 'B' | 'T' | 'batches'>> | { readonly notRun: string };
  /** What LIF neurons do otherwise than `constants` and spiketape's defaults say: the rule of a peer's own neuron. */
  readonly lif?: LIFOptions;
  /** Ours alone, beside itself with full memory. */
  readonly memory?: 'low';
}

const slow = { notRun: 'minutes a step on a software adapter' } as const;

/** Adaptive neurons among themselves, Rao et al. 2022. */
const recurrent = {
  kind: 'recurrent',
  outputs: 10,
  neuron: 'AHP',
  recurrent: true,
  rate: 0.1,
  batches: 1,
  lr: 1e-3,
  peers: true,
  peersOnSoftware: true,
  software: 'as is',
} as const;

const A: BenchCase = { ...recurrent, name: 'A recurrent', B: 32, T: 50, inputs: 128, hidden: 128 };
const S: BenchCase = { ...recurrent, name: 'S recurrent', B: 64, T: 200, inputs: 80, hidden: 240 };

/** The task of the Open Neuromorphic benchmark: forward and backward. */
function feedForward(N: number, software: BenchCase['software']): BenchCase {
  return {
    name: `feed-forward ${N}`,
    kind: 'feedforward',
    B: 16,
    T: 500,
    inputs: N,
    hidden: N,
    outputs: 0,
    neuron: 'LIF',
    recurrent: false,
    rate: 0.1,
    batches: 1,
    lr: 0,
    peers: true,
    peersOnSoftware: software === 'as is',
    software,
  };
}

const percent = (rate: number): string => `${Math.round(100 * rate)} %`;

/** A net that classifies pictures shown as spikes: 25 steps, one wide layer. */
function mnist(rate: number): BenchCase {
  return {
    name: `MNIST static ${percent(rate)}`,
    kind: 'static',
    B: 128,
    T: 25,
    inputs: 784,
    hidden: 1000,
    outputs: 10,
    neuron: 'LIF',
    recurrent: false,
    rate,
    batches: 1,
    lr: 1e-3,
    peers: true,
    peersOnSoftware: false,
    software: { B: 16 },
  };
}

/** Case A with one number at several values, ours alone; on a software adapter up to `most`. */
function growth(size: 'T' | 'B' | 'N', values: readonly number[], most: number): BenchCase[] {
  return values.map((n) => ({
    ...A,
    name: `growth ${size} ${n}`,
    peers: false,
    ...(size === 'N' ? { hidden: n } : { [size]: n }),
    software: n <= most ? 'as is' : size === 'T' ? { B: 4 } : slow,
  }));
}

export const cases: readonly BenchCase[] = [
  A,
  S,
  { ...S, name: 'S recurrent, low memory', memory: 'low', peers: false },
  { ...S, name: 'sMNIST', B: 256, T: 840, peersOnSoftware: false, software: { B: 16 } },
  feedForward(512, 'as is'),
  { ...feedForward(512, 'as is'), name: 'feed-forward 512, low memory', memory: 'low', peers: false },
  feedForward(4096, slow),
  {
    name: 'neuron kernel',
    kind: 'neuron',
    B: 64,
    T: 32,
    inputs: 4096,
    hidden: 4096,
    outputs: 0,
    neuron: 'LIF',
    recurrent: false,
    rate: 1,
    batches: 16,
    lr: 0,
    peers: true,
    peersOnSoftware: false,
    software: { batches: 1 },
  },
  ...[0.02, 0.1, 0.5].map(mnist),
  ...[0.02, 0.5].map((rate) => ({ ...A, name: `rate ${percent(rate)}`, rate, peers: false })),
  ...growth('T', [50, 100, 200, 400, 800, 1600, 3200], 800),
  ...growth('B', [16, 32, 64, 128, 256, 512, 1024], 256),
  ...growth('N', [64, 128, 256, 512, 1024, 2048], 512),
];
