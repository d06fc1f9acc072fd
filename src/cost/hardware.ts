import { onlyKnown, suggest } from '../neurons/nearest.ts';

/** What the figures of an estimate are for; plain data. Picojoules throughout; null where there is no figure. */
export interface Hardware {
  readonly name: string;
  /** Where the figures come from, and what they are. */
  readonly source: string;
  readonly picojoules: {
    readonly synapticOperation: number | null;
    readonly multiplyAccumulate: number | null;
    /** A neuron's update as a whole; null: by its additions, multiplications and functions. */
    readonly update: number | null;
    readonly add: number | null;
    readonly multiply: number | null;
    readonly function: number | null;
    /** A spike on its way, beside what it does where it arrives. */
    readonly spike: number | null;
  };
  /** Sizes of a number that is stored. */
  readonly bytes: { readonly weight: number; readonly state: number; readonly activation: number };
  /** What reading or writing takes; null: nothing is added for it. */
  readonly memory: Memory | null;
}

export interface Memory {
  readonly source: string;
  /** Bytes of an access. */
  readonly word: number;
  /** On the chip: picojoules of an access, by the size of the memory in bytes, smallest first. */
  readonly sizes: readonly (readonly [bytes: number, picojoules: number])[];
  /** Of an access outside the chip; null: all weights are on it. */
  readonly weights: number | null;
}

const HOROWITZ = 'M. Horowitz, "Computing\'s energy problem", ISSCC 2014, 45 nm at 0.9 V';

/** Additions and multiplications by width, picojoules. */
const ARITHMETIC = {
  float32: { add: 0.9, multiply: 3.7 },
  float16: { add: 0.4, multiply: 1.1 },
  int32: { add: 0.1, multiply: 3.1 },
  int8: { add: 0.03, multiply: 0.2 },
} as const;

export interface HorowitzOptions {
  /**
   * Default 'float32'. 'int8': weights and dense values of 8 bits, sums and states of 32 bits, so that a synaptic operation is
   * an addition of 32 bits.
   */
  readonly arithmetic?: 'float32' | 'float16' | 'int32' | 'int8';
  /**
   * Where weights and states are: 'sram' (default), each layer's in a memory of their size on the chip; 'dram', weights outside
   * and read anew at every use, states on the chip; 'none', accesses cost nothing and operations alone are counted.
   */
  readonly memory?: 'sram' | 'dram' | 'none';
}

/**
 * A digital circuit in 45 nm: each operation and each access by the figures of Horowitz 2014. There are none for exponentials
 * and quotients, which are left out and named.
 *
 * @throws on an option that there is not
 */
export function horowitz(options: HorowitzOptions = {}): Hardware {
  onlyKnown('horowitz', options, ['arithmetic', 'memory']);
  const { arithmetic = 'float32', memory = 'sram' } = options;
  known('arithmetic', arithmetic, Object.keys(ARITHMETIC));
  known('memory', memory, ['sram', 'dram', 'none']);
  const { add, multiply } = ARITHMETIC[arithmetic];
  const sums = arithmetic === 'int8' ? ARITHMETIC.int32 : ARITHMETIC[arithmetic];
  const [width, wide] = { float32: [4, 4], float16: [2, 2], int32: [4, 4], int8: [1, 4] }[arithmetic] as [
    number,
    number,
  ];
  const figures =
    arithmetic === 'int8'
      ? `multiplication of 8 bits ${multiply} pJ, addition and multiplication of 32 bits ${sums.add} and ${sums.multiply} pJ`
      : `addition ${add} pJ, multiplication ${multiply} pJ`;
  return {
    name: `45 nm, ${arithmetic}${memory === 'sram' ? '' : memory === 'dram' ? ', weights in DRAM' : ', operations alone'}`,
    source: `${HOROWITZ}: ${figures}`,
    picojoules: {
      synapticOperation: sums.add,
      multiplyAccumulate: multiply + sums.add,
      update: null,
      add: sums.add,
      multiply: sums.multiply,
      function: null,
      // its address is written and read, which is counted as traffic
      spike: 0,
    },
    bytes: { weight: width, state: wide, activation: width },
    memory:
      memory === 'none'
        ? null
        : {
            source: `${HOROWITZ}: 64 bits from a memory of 8 KB 10 pJ, 32 KB 20 pJ, 1 MB 100 pJ${memory === 'dram' ? '; from DRAM 1.3 to 2.6 nJ, of which the lower is taken' : ''}`,
            word: 8,
            sizes: [
              [8 * 1024, 10],
              [32 * 1024, 20],
              [1024 * 1024, 100],
            ],
            weights: memory === 'dram' ? 1300 : null,
          },
  };
}

/**
 * Intel's Loihi, 14 nm at 0.75 V. The figures have the chip's own memory accesses in them, so none are added; every update is
 * taken for an active one (81 pJ; an inactive one takes 52), every spike for one that stays within its tile. There is no
 * figure for products with dense values: a net that needs them has no estimate.
 */
export const loihi: Hardware = {
  name: 'Loihi',
  source:
    'M. Davies et al., "Loihi: a neuromorphic manycore processor with on-chip learning", IEEE Micro 38(1), 2018, table 2 (from simulations of the circuit, 0.75 V): synaptic operation 23.6 pJ, update of an active neuron 81 pJ, spike within a tile 1.7 pJ',
  picojoules: {
    synapticOperation: 23.6,
    multiplyAccumulate: null,
    update: 81,
    // a bias, and currents that meet, are part of an update
    add: 0,
    multiply: null,
    function: null,
    spike: 1.7,
  },
  bytes: { weight: 1, state: 4, activation: 1 },
  memory: null,
};

/** Figures that others measured, for comparison. Batch 1. */
export interface PublishedFigure {
  readonly what: string;
  /** Joules and seconds of an inference. */
  readonly energy: number;
  readonly delay: number;
  readonly source: string;
}

const RAO =
  'A. Rao, P. Plank, A. Wild, W. Maass, "A Long Short-Term Memory for AI Applications in Spike-based Neuromorphic Hardware", Nature Machine Intelligence 2022';

/** Measured energy and delay of an inference by task. */
export const published: Readonly<Record<'smnist' | 'babi', readonly PublishedFigure[]>> = {
  smnist: [
    { what: 'AHP net on Loihi', energy: 0.363e-3, delay: 14e-3, source: RAO },
    { what: 'Nvidia P100', energy: 2.759, delay: 76e-3, source: RAO },
    { what: 'Intel i7-7700HQ', energy: 2.51, delay: 78e-3, source: RAO },
  ],
  babi: [{ what: 'spiking relation network on 22 Loihi chips, task 17', energy: 7.5e-3, delay: 9.1e-3, source: RAO }],
};

function known(option: string, value: string, names: readonly string[]): void {
  if (!names.includes(value)) throw new Error(`horowitz: ${option} is '${value}'${suggest(value, names)}`);
}
