import type { BenchCase } from './cases.ts';
import { quartiles } from './statistics.ts';

/** How far losses may differ, relative to ours or to the judge's. */
export const LOSS_TOLERANCE = 1e-3;
/**
 * The same for changes of weights, or gradients, as a whole. Much wider than rounding, since a spike whose voltage lies within
 * rounding of the threshold may differ, and then what follows it; a surrogate that is a tenth steeper makes 0.15.
 */
export const OUTCOME_TOLERANCE = 0.05;

/** A line of bench.json: a case, and ours beside one peer or alone. Times are of a step, in ms. */
export interface Row {
  readonly name: string;
  readonly peer: string | null;
  /** Median; null where it was not timed. */
  readonly ours_ms: number | null;
  readonly peer_ms: number | null;
  /** How many times ours fits into the peer's. */
  readonly ratio: number | null;
  /** Of a step of ours. */
  readonly dispatches: number | null;
  /** What ours keeps for the backward pass of a step. */
  readonly bytesSaved: number | null;
  /** What our first step took beyond a later one. */
  readonly compile_ms: number | null;
  /** Whether the loss was the right one: ours that of plain loops in float64, the peer's ours, and its new weights too. */
  readonly lossMatch: boolean | null;
  /** First and third quartile. */
  readonly ours_spread: readonly [number, number] | null;
  readonly peer_spread: readonly [number, number] | null;
  /** Steps that were timed, of the one that had fewer. */
  readonly samples: number | null;
  /** The peer's first step, compilation included. */
  readonly peerFirst_ms: number | null;
  /** The largest relative difference of losses, and of changes of weights or gradients, from ours. */
  readonly lossDifference: number | null;
  readonly outcomeDifference: number | null;
  /** All memory of ours on the device. */
  readonly bytesLive: number | null;
  readonly sizes: Pick<BenchCase, 'B' | 'T' | 'inputs' | 'hidden' | 'outputs' | 'rate' | 'batches'>;
  /** Sizes that are not the case's own, because the adapter is slow. */
  readonly smaller: string | null;
  /** Why a time is missing. */
  readonly notRun: string | null;
}

/** What bench.json holds. */
export interface Summary {
  readonly adapter: string;
  /** ISO 8601. */
  readonly date: string;
  readonly runtime: 'chrome' | 'node';
  readonly seconds: number;
  /** Versions of what was compared. */
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly Row[];
}

/** A row of which only the case is known, and what more is given. */
export function row(c: BenchCase, peer: string | null, known: Partial<Row>): Row {
  const { name, B, T, inputs, hidden, outputs, rate, batches } = c;
  return {
    name,
    peer,
    ours_ms: null,
    peer_ms: null,
    ratio: null,
    dispatches: null,
    bytesSaved: null,
    compile_ms: null,
    lossMatch: null,
    ours_spread: null,
    peer_spread: null,
    samples: null,
    peerFirst_ms: null,
    lossDifference: null,
    outcomeDifference: null,
    bytesLive: null,
    sizes: { B, T, inputs, hidden, outputs, rate, batches },
    smaller: null,
    notRun: null,
    ...known,
  };
}

/** The times of a row from the ms of its steps, of ours and of a peer if there is one. */
export function times(ours: readonly number[], theirs?: readonly number[]): Partial<Row> {
  const [low, ours_ms, high] = quartiles(ours).map(rounded) as [number, number, number];
  if (!theirs) return { ours_ms, ours_spread: [low, high], samples: ours.length };
  const [least, peer_ms, most] = quartiles(theirs).map(rounded) as [number, number, number];
  return {
    ours_ms,
    peer_ms,
    ratio: peer_ms / ours_ms,
    ours_spread: [low, high],
    peer_spread: [least, most],
    samples: Math.min(ours.length, theirs.length),
  };
}

/** To a microsecond, which is more than a clock in a page tells. */
export const rounded = (ms: number): number => Math.round(1000 * ms) / 1000;
