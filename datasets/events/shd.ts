import { archiveFiles } from '../archive.ts';
import { type Files, firstOf } from '../files.ts';
import { onlyKnown } from '../options.ts';
import { type List, openHdf5 } from './hdf5.ts';

/** Recorded spikes of a number of channels, all in memory. */
export interface SpikeTrains {
  count: number;
  channels: number;
  /** Numbers of classes, shape [count]. */
  labels: Uint32Array<ArrayBuffer>;
  /** Numbers of speakers, shape [count]; null where the file does not tell. */
  speakers: Uint32Array<ArrayBuffer> | null;
  /** The spikes of recording i in the file's order: seconds, and channels from 0. */
  spikes(i: number): { times: ArrayLike<number>; units: Uint16Array };
}

/** 'shd': Heidelberg Digits, 20 classes; 'ssc': Speech Commands, 35 classes and a validation part. */
export type HeidelbergSet = 'shd' | 'ssc';

export interface Heidelberg {
  name: HeidelbergSet;
  classes: string[];
  train: SpikeTrains;
  /** Of 'ssc' only: 'shd' has none, so that it is to be cut from `train`. */
  validation: SpikeTrains | null;
  test: SpikeTrains;
}

const CHANNELS = 700;
/** Rows read at once: the library keeps what it reads in a memory of its own until it is copied out. */
const ROWS = 256;

/**
 * Spiking Heidelberg Digits or Spiking Speech Commands (Cramer et al. 2020): spikes of 700 channels of a model of the inner
 * ear.
 *
 * @param files the folder with `shd_train.h5` and `shd_test.h5` (for 'ssc' also `ssc_valid.h5`), as published: `.h5`,
 *   `.h5.gz` or `.h5.zip`
 * @throws when a file is missing, damaged or holds something else, with file and dataset
 */
export async function loadHeidelberg(files: Files, name: HeidelbergSet): Promise<Heidelberg> {
  if (name !== 'shd' && name !== 'ssc') throw new Error(`loadHeidelberg: expected 'shd' or 'ssc', got ${name}`);
  const [train, validation, test] = [
    await loadPart(files, `${name}_train.h5`),
    name === 'ssc' ? await loadPart(files, 'ssc_valid.h5') : null,
    await loadPart(files, `${name}_test.h5`),
  ];
  const most = (labels: Uint32Array): number => labels.reduce((a, b) => Math.max(a, b), 0);
  const highest = Math.max(...[train, validation, test].map((part) => (part ? most(part.trains.labels) : 0)));
  const classes = train.keys ?? Array.from({ length: name === 'shd' ? 20 : 35 }, (_, i) => String(i));
  if (highest >= classes.length)
    throw new Error(`${name}: a label is ${highest}, but there are ${classes.length} classes`);
  return { name, classes, train: train.trains, validation: validation?.trains ?? null, test: test.trains };
}

async function loadPart(files: Files, file: string): Promise<{ trains: SpikeTrains; keys: string[] | null }> {
  const found = await firstOf(files, [file, `${file}.gz`, `${file}.zip`]);
  const inside = found === file ? files : await archiveFiles(files, found);
  const h5 = await openHdf5(await inside.read(file), found);
  try {
    const labels = Uint32Array.from(h5.numbers('labels'));
    const count = labels.length;
    for (const path of ['spikes/times', 'spikes/units'])
      if (h5.rows(path) !== count)
        throw new Error(`${found}: '${path}' has ${h5.rows(path)} rows, expected one for each of ${count} labels`);
    const [times, units]: [List[], Uint16Array[]] = [[], []];
    for (let from = 0; from < count; from += ROWS) {
      const to = Math.min(count, from + ROWS);
      const [t, u] = [h5.lists('spikes/times', from, to), h5.lists('spikes/units', from, to)];
      for (let i = 0; i < to - from; i++) {
        checkRow(found, from + i, t[i]!.numbers(), u[i]!.numbers());
        times.push(t[i]!);
        units.push(Uint16Array.from(u[i]!.numbers()));
      }
    }
    const trains: SpikeTrains = {
      count,
      channels: CHANNELS,
      labels,
      speakers: h5.has('extra/speaker') ? Uint32Array.from(h5.numbers('extra/speaker')) : null,
      spikes: (i) => {
        if (!times[i] || !units[i]) throw new Error(`${found}: there is no recording ${i}, expected 0 to ${count - 1}`);
        return { times: times[i].numbers(), units: units[i] };
      },
    };
    return { trains, keys: h5.texts('extra/keys') };
  } finally {
    h5.close();
  }
}

function checkRow(file: string, row: number, times: ArrayLike<number>, units: ArrayLike<number>): void {
  const wrong = (text: string): Error => new Error(`${file}: recording ${row}: ${text}`);
  if (times.length !== units.length) throw wrong(`it has ${times.length} times and ${units.length} units`);
  for (let k = 0; k < times.length; k++) {
    if (!(times[k]! >= 0 && Number.isFinite(times[k]))) throw wrong(`spike ${k} is at ${times[k]} seconds`);
    if (!(units[k]! < CHANNELS)) throw wrong(`spike ${k} is of channel ${units[k]}, expected 0 to ${CHANNELS - 1}`);
  }
}

export interface TrainBinOptions {
  steps: number;
  /** Length of a step in seconds; 0.01 by default. */
  stepLength?: number;
  /** So many neighbouring channels become one. Default 1. */
  downsample?: number;
  values?: 'bits' | 'counts';
}

/**
 * A recording's spikes to time steps, as a `Dataset` of the form 'bits' (or 'bytes', for counts, 255 at most) takes them.
 * Spikes after the last step are left out.
 *
 * @returns values of shape [steps, inputs], and how many spikes were left out
 */
export function binTrain(
  trains: SpikeTrains,
  i: number,
  options: TrainBinOptions,
): { steps: number; inputs: number; values: Uint8Array<ArrayBuffer>; outside: number } {
  onlyKnown('binTrain', options, ['steps', 'stepLength', 'downsample', 'values']);
  const { steps, stepLength = 0.01, downsample: k = 1, values = 'bits' } = options;
  const refuse = (name: string, got: unknown, expected: string): never => {
    throw new Error(`binTrain: ${name} must be ${expected}, got ${got}`);
  };
  if (!(Number.isInteger(steps) && steps > 0)) refuse('steps', steps, 'a whole number above 0');
  if (!(stepLength > 0 && Number.isFinite(stepLength))) refuse('stepLength', stepLength, 'a number of seconds above 0');
  if (!(Number.isInteger(k) && k > 0 && k <= trains.channels))
    refuse('downsample', k, `a whole number in 1..${trains.channels}`);
  if (values !== 'bits' && values !== 'counts') refuse('values', values, "'bits' or 'counts'");
  const inputs = Math.ceil(trains.channels / k);
  const out = new Uint8Array(steps * inputs);
  let outside = 0;
  const { times, units } = trains.spikes(i);
  for (let s = 0; s < units.length; s++) {
    const step = Math.floor(times[s]! / stepLength);
    if (step >= steps) {
      outside++;
      continue;
    }
    const at = step * inputs + Math.floor(units[s]! / k);
    out[at] = values === 'bits' ? 1 : Math.min(255, out[at]! + 1);
  }
  return { steps, inputs, values: out, outside };
}
