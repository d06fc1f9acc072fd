import { archiveFiles, readUnpacked } from './archive.ts';
import { type Files, within } from './files.ts';
import { utf8 } from './gunzip.ts';
import { DataLoader } from './loader.ts';
import { onlyKnown } from './options.ts';
import { parseTs, type TsFile } from './ucr-file.ts';

/** Labelled time series of a part of a data set. */
export interface SeriesPart {
  readonly count: number;
  /** Values of a step. */
  readonly dimensions: number;
  /** One [steps, dimensions] a case, step by step; a missing value is NaN. */
  readonly series: readonly Float32Array[];
  /** [count] steps of each. */
  readonly lengths: Uint32Array;
  /** [count]; empty for a regression problem. */
  readonly labels: Uint32Array;
  /** [count] of a regression problem. */
  readonly targets: Float32Array | undefined;
}

export interface SeriesSet {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly dimensions: number;
  /** Steps of the longest case of both parts. */
  readonly steps: number;
  readonly equalLength: boolean;
  /** Whether any value is missing. */
  readonly missing: boolean;
  readonly train: SeriesPart;
  readonly test: SeriesPart;
}

/**
 * A data set of the UCR/UEA archive (Dau et al. 2019; Bagnall et al. 2018): `NAME_TRAIN.ts` and `NAME_TEST.ts`, packed or not,
 * in the folder, in `NAME/`, or in `NAME.zip` as published.
 *
 * @throws when a file is missing, cut short or not what its header says, with file and line
 */
export async function loadUcr(files: Files, name: string): Promise<SeriesSet> {
  const folder = await folderOf(files, name);
  const [train, test] = [await readPart(folder, `${name}_TRAIN`), await readPart(folder, `${name}_TEST`)];
  if (train.dimensions !== test.dimensions)
    throw new Error(`${name}: ${train.dimensions} dimensions in training, ${test.dimensions} in the test part`);
  if (train.classNames.join() !== test.classNames.join())
    throw new Error(
      `${name}: classes ${train.classNames.join(' ')} in training, ${test.classNames.join(' ')} in the test part`,
    );
  const parts = { train: partOf(train), test: partOf(test) };
  const lengths = [...parts.train.lengths, ...parts.test.lengths];
  const steps = lengths.reduce((a, b) => Math.max(a, b), 0);
  return {
    name,
    classNames: train.classNames,
    dimensions: train.dimensions,
    steps,
    equalLength: lengths.every((n) => n === steps),
    missing: train.missing || test.missing,
    ...parts,
  };
}

async function folderOf(files: Files, name: string): Promise<Files> {
  const there = await files.list();
  if (there.some((n) => n.startsWith(`${name}_TRAIN.ts`))) return files;
  if (there.includes(`${name}/`)) return within(files, name);
  if (there.includes(`${name}.zip`)) return archiveFiles(files, `${name}.zip`);
  const known = new Set(
    there.flatMap((n) => /^(.+?)(_TRAIN\.ts(\.gz)?|_TEST\.ts(\.gz)?|\.zip|\/)$/.exec(n)?.[1] ?? []),
  );
  throw new Error(
    `loadUcr: expected ${name}_TRAIN.ts, ${name}/ or ${name}.zip; the folder has ${[...known].slice(0, 12).join(', ') || 'no data set'}`,
  );
}

async function readPart(files: Files, stem: string): Promise<TsFile> {
  const there = await files.list();
  const file = [`${stem}.ts`, `${stem}.ts.gz`].find((n) => there.includes(n));
  if (!file) throw new Error(`loadUcr: expected ${stem}.ts or ${stem}.ts.gz; the folder has ${there.join(', ')}`);
  return parseTs(utf8(await readUnpacked(files, file), file), file);
}

function partOf({ series, dimensions, labels, targets }: TsFile): SeriesPart {
  const lengths = Uint32Array.from(series, (values) => values.length / dimensions);
  return { count: series.length, dimensions, series, lengths, labels, targets };
}

/** Mean and standard deviation of each dimension. */
export interface SeriesStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Over all steps of all cases that are not missing; of the training part, for both. A constant dimension has deviation 1. */
export function seriesStatistics({ series, dimensions: D }: SeriesPart): SeriesStatistics {
  const over = (of: (x: number, d: number) => number): number[] => {
    const [sums, counts] = [new Float64Array(D), new Float64Array(D)];
    for (const values of series) {
      values.forEach((x, k) => {
        if (Number.isNaN(x)) return;
        const d = k % D;
        sums[d] = (sums[d] as number) + of(x, d);
        counts[d] = (counts[d] as number) + 1;
      });
    }
    return Array.from(sums, (sum, d) => sum / Math.max(1, counts[d] as number));
  };
  const mean = over((x) => x);
  const deviation = over((x, d) => (x - (mean[d] as number)) ** 2).map((v) => Math.sqrt(v) || 1);
  return { mean, deviation };
}

export interface SeriesLoaderOptions {
  /** Steps that batches are padded to: those of the set, so that training and test part are alike. */
  readonly steps?: number;
  /** Makes each dimension have mean 0 and deviation 1, by the statistics of the training part. */
  readonly standardize?: SeriesStatistics;
  /** What stands for a missing value: on the line between its neighbours (default), the last known one, or a number. */
  readonly missing?: 'linear' | 'last' | number;
  /** See `DataLoaderOptions`. */
  readonly padTo?: number;
}

/** Time series as a net takes them, with their lengths where these differ. */
export function seriesLoader(part: SeriesPart, options: SeriesLoaderOptions = {}): DataLoader {
  onlyKnown('seriesLoader', options, ['steps', 'standardize', 'missing', 'padTo']);
  const longest = part.lengths.reduce((a, b) => Math.max(a, b), 0);
  const { steps = longest, standardize, missing = 'linear', padTo } = options;
  const D = part.dimensions;
  if (standardize && (standardize.mean.length !== D || standardize.deviation.length !== D))
    throw new Error(`seriesLoader: standardize must have ${D} means and deviations, one for each dimension`);
  if (missing !== 'linear' && missing !== 'last' && !Number.isFinite(missing))
    throw new Error(`seriesLoader: missing must be 'linear', 'last' or a number, got ${missing}`);
  const unequal = padTo !== undefined || part.lengths.some((n) => n !== steps);
  return new DataLoader({
    count: part.count,
    steps,
    inputs: D,
    ...(part.targets ? {} : { labels: part.labels }),
    ...(unequal ? { lengths: part.lengths } : {}),
    ...(padTo === undefined ? {} : { padTo }),
    decode: (i) => {
      const values = Float32Array.from(part.series[i] as Float32Array);
      for (let d = 0; d < D; d++) {
        fill(values, d, D, missing);
        if (!standardize) continue;
        const [mean, deviation] = [standardize.mean[d] as number, standardize.deviation[d] as number];
        for (let k = d; k < values.length; k += D) values[k] = ((values[k] as number) - mean) / deviation;
      }
      return { values, ...(part.targets ? { targets: { shape: [1], values: [part.targets[i] as number] } } : {}) };
    },
  });
}

/** Fills what is missing of a dimension; before the first and after the last known value these two hold. */
function fill(values: Float32Array, d: number, D: number, how: 'linear' | 'last' | number): void {
  let last = -1;
  for (let k = d; k < values.length; k += D) {
    if (Number.isNaN(values[k])) continue;
    const here = values[k] as number;
    const before = last < 0 ? here : (values[last] as number);
    const from = last < 0 ? d : last + D;
    for (let j = from; j < k; j += D) {
      const share = last < 0 ? 1 : (j - last) / (k - last);
      values[j] = typeof how === 'number' ? how : how === 'last' ? before : before + share * (here - before);
    }
    last = k;
  }
  const rest = typeof how === 'number' ? how : last < 0 ? 0 : (values[last] as number);
  for (let k = last < 0 ? d : last + D; k < values.length; k += D) values[k] = rest;
}
