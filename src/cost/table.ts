import { type Counts, counts, plus, type Sizes, type Work, workOf } from './counts.ts';
import { type Estimate, estimate, type Layer } from './estimate.ts';
import type { Hardware } from './hardware.ts';

/** A layer, or the whole net: what it does for one sample, mean over the samples, and what it is made of. */
export interface CostRow extends Work {
  readonly name: string;
  readonly kind: string;
  readonly neurons: number;
  readonly perStep: Pick<Work, 'spikes' | 'synapticOperations' | 'multiplyAccumulates' | 'dense'>;
  /** Numbers that inference reads; of connections only those that there are. */
  readonly weights: number;
  /** As float32, and with 8 bits each. Where the connections are is not in them. */
  readonly weightBytes: number;
  readonly weightBytes8: number;
  /** Numbers that one sample's neurons keep from step to step, and their bytes as float32. */
  readonly states: number;
  readonly stateBytes: number;
}

/** What a decision costs; plain data, which goes through JSON and into a report. `String(cost)` is a table. */
export class Cost {
  readonly layers: readonly CostRow[];
  /** Weights that several layers share count once here. */
  readonly total: CostRow;
  /** An LSTM of the same size: as many units in place of each recurrent layer, everything else dense. */
  readonly lstm: CostRow | null;
  readonly estimates: readonly Estimate[];
  readonly notes: readonly string[];
  /** Samples that ran; 0 for what was only counted. */
  readonly samples: number;
  /** Spikes of a sample that the net gets; null where its input is dense. */
  readonly inputSpikes: number | null;

  constructor(measured: {
    samples: number;
    inputSpikes: number | null;
    layers: readonly Layer[];
    /** Numbers of all layers, each once. */
    weights: number;
    lstm: readonly Layer[] | null;
    hardware: readonly Hardware[];
    notes: readonly string[];
  }) {
    const { layers, lstm, hardware } = measured;
    this.samples = measured.samples;
    this.inputSpikes = measured.inputSpikes;
    this.layers = layers.map(rowOf);
    this.total = rowOf(together('in all', '', layers, measured.weights));
    this.lstm = lstm && rowOf(together(lstm.map((l) => l.name).join(', '), 'LSTM', lstm));
    this.estimates = estimate(layers, lstm, hardware);
    this.notes = measured.notes;
  }

  toString(): string {
    const rows = [...this.layers, this.total, ...(this.lstm ? [{ ...this.lstm, name: 'LSTM of the same size' }] : [])];
    const table = [
      ['layer', 'steps', 'spikes', 'synaptic ops', 'MACs', 'without spikes', 'updates', 'weights', 'state'],
      ...rows.map((row) => [
        row.name,
        ...[row.steps, row.spikes, row.synapticOperations, row.multiplyAccumulates, row.dense, row.updates].map(number),
        bytes(row.weightBytes),
        bytes(row.stateBytes),
      ]),
    ];
    const widths = table[0]!.map((_, k) => Math.max(...table.map((line) => line[k]!.length)));
    const pad = (x: string, k: number): string => (k ? x.padStart(widths[k]!) : x.padEnd(widths[k]!));
    const [heads, ...lines] = table.map((line) => line.map(pad).join('  '));
    const input = this.inputSpikes === null ? '' : `, ${number(this.inputSpikes)} spikes into the net`;
    const of = this.samples > 0 ? `mean of ${this.samples} sample${this.samples === 1 ? '' : 's'}${input}` : 'counted';
    return [
      `cost of an inference, ${of}`,
      heads,
      ...lines,
      ...this.estimates.flatMap((e) => [sentence(e), ...leftOut(e)]),
      ...[...sourcesOf(this.estimates)].map((source) => `source: ${source}`),
      ...this.notes.map((note) => `note: ${note}`),
    ].join('\n');
  }
}

function sentence({ hardware, spiking, dense, lstm }: Estimate): string {
  const parts = [
    spiking
      ? joules(spiking.total) + (hardware.memory ? ` (${joules(spiking.memory)} of it memory)` : '')
      : 'no estimate',
    `without spikes ${dense ? joules(dense.total) : 'no estimate'}`,
    ...(lstm ? [`LSTM ${joules(lstm.total)}`] : []),
  ];
  return `energy, ${hardware.name}: ${parts.join(', ')}`;
}

/** Where the figures come from, each once. */
const sourcesOf = (estimates: readonly Estimate[]): Set<string> =>
  new Set(estimates.flatMap(({ hardware }) => [hardware.source, ...(hardware.memory ? [hardware.memory.source] : [])]));
const leftOut = (e: Estimate): string[] => (e.leftOut.length ? [`  no figure for: ${e.leftOut.join('; ')}`] : []);

function rowOf({ name, kind, counts: found, sizes }: Layer): CostRow {
  const work = workOf(found);
  const { neurons, weights, states } = sizes;
  const each = (n: number): number => n / Math.max(1, work.steps);
  return {
    name,
    kind,
    neurons,
    ...work,
    perStep: {
      spikes: each(work.spikes),
      synapticOperations: each(work.synapticOperations),
      multiplyAccumulates: each(work.multiplyAccumulates),
      dense: each(work.dense),
    },
    weights,
    weightBytes: 4 * weights,
    weightBytes8: weights,
    states,
    stateBytes: 4 * states,
  };
}

/** Several layers as one. */
export function together(name: string, kind: string, layers: readonly Layer[], weights?: number): Layer {
  const all = layers.reduce<Counts>((sum, l) => plus(sum, l.counts), counts());
  const sizes = layers.reduce<Sizes>(
    (sum, { sizes: s }) => ({
      neurons: sum.neurons + s.neurons,
      weights: sum.weights + s.weights,
      states: sum.states + s.states,
      accumulators: sum.accumulators + s.accumulators,
      inputs: Math.max(sum.inputs, s.inputs),
    }),
    { neurons: 0, weights: 0, states: 0, accumulators: 0, inputs: 0 },
  );
  return { name, kind, counts: all, sizes: weights === undefined ? sizes : { ...sizes, weights } };
}

const number = (n: number): string =>
  n >= 100 || Number.isInteger(n) ? Math.round(n).toLocaleString('en-US') : String(Number(n.toPrecision(3)));

const bytes = (n: number): string => (n < 1e3 ? `${n} B` : n < 1e6 ? `${digits(n / 1e3)} KB` : `${digits(n / 1e6)} MB`);

const digits = (x: number): string => (x < 100 ? x.toPrecision(3) : x.toFixed(0));

/** Picojoules for people. */
export function joules(picojoules: number): string {
  const units = ['pJ', 'nJ', 'µJ', 'mJ', 'J'];
  let at = 0;
  let value = picojoules;
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${digits(value)} ${units[at]}`;
}
