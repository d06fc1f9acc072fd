import {
  type BandStatistics,
  bandStatistics,
  centred,
  DataLoader,
  deltaSpikes,
  type Frames,
  loadFsdd,
  loadSpeechCommands,
  MelFrontEnd,
  type Recordings,
  type Sound,
  split,
  standardize,
} from 'spiketape/datasets';
import { host, UsageError } from 'spiketape/host';
import type { Settings } from './settings.ts';

/** Part of the training clips that is kept for validation where the publisher has no such part. */
const VALIDATION = 0.1;

export interface SpokenWords {
  /** What it is, for people. */
  readonly text: string;
  readonly classes: readonly string[];
  readonly steps: number;
  readonly inputs: number;
  readonly train: DataLoader;
  readonly validation: DataLoader;
  /** The test part: read when it is asked for, when training is over. */
  readonly test: () => Promise<DataLoader>;
  /** What the folder lacks. */
  readonly notes: readonly string[];
}

export interface Source {
  readonly task: 'fsdd' | 'commands';
  /** Of Free Spoken Digits: who is left out of training; '' for the official parts. */
  readonly speaker: string;
  readonly seed: number;
}

/**
 * Words as frames of log-mel bands, or as spikes of their changes. Bands are brought to mean 0 and deviation 1 by what the
 * trained clips are like, and nothing else.
 */
export async function spokenWords(source: Source, settings: Settings): Promise<SpokenWords> {
  const { name, rate, classes, train, validation, test, notes } =
    source.task === 'fsdd' ? await digits(source) : await commands(source);
  const { limit, hop, window, bands, steps } = settings;
  const front = new MelFrontEnd({
    sampleRate: rate,
    hopLength: Math.round((rate * hop) / 1000),
    winLength: Math.round((rate * window) / 1000),
    nMels: bands,
  });
  const most = (part: Part, n: number): Part => (limit > 0 ? { ...part, which: part.which.subarray(0, n) } : part);
  const trained = most(train, limit);
  const sixth = Math.ceil(limit / 6);
  const framesOf = async (part: Part): Promise<Frames[]> => {
    const found = await features(part, front, steps);
    return settings.centred ? found.map(centred) : found;
  };
  const trainFrames = await framesOf(trained);
  const statistics = bandStatistics(trainFrames);
  const validated = most(validation, sixth);
  const loaders = {
    train: loaderOf(trained, trainFrames, statistics, settings),
    validation: loaderOf(validated, await framesOf(validated), statistics, settings),
  };
  const what = `${name}, ${bands} bands every ${hop} ms${settings.centred ? ' less their mean over the clip' : ''}${settings.input === 'delta' ? ', spikes of change' : ''}`;
  return {
    text: `${what}: ${loaders.train.count} to train, ${loaders.validation.count} to validate, ${loaders.train.steps} steps of ${loaders.train.inputs} inputs`,
    classes,
    steps: loaders.train.steps,
    inputs: loaders.train.inputs,
    ...loaders,
    test: async () => {
      const asked = most(test, sixth);
      return loaderOf(asked, await framesOf(asked), statistics, settings);
    },
    notes,
  };
}

/** Some of a part's recordings. */
interface Part {
  readonly recordings: Recordings<Sound>;
  readonly which: Uint32Array;
}

interface Parts {
  readonly name: string;
  readonly rate: number;
  readonly classes: readonly string[];
  readonly train: Part;
  readonly validation: Part;
  readonly test: Part;
  readonly notes: readonly string[];
}

async function digits({ speaker, seed }: Source): Promise<Parts> {
  if (!(await host.hasData('fsdd')))
    throw new UsageError('speech: expected --data DIR with the recordings of Free Spoken Digits in DIR/fsdd');
  const set = await loadFsdd(host.files('fsdd'), speaker ? { test: { speaker } } : {});
  const { labels, count } = set.train;
  const [rest, kept] = split(count, { fractions: [1 - VALIDATION, VALIDATION], seed, labels });
  return {
    name: speaker ? `Free Spoken Digits without ${speaker}` : 'Free Spoken Digits',
    rate: set.rate,
    classes: set.classes,
    train: { recordings: set.train, which: rest },
    validation: { recordings: set.train, which: kept },
    test: { recordings: set.test, which: shuffled(set.test, seed) },
    notes: [],
  };
}

async function commands({ seed }: Source): Promise<Parts> {
  if (!(await host.hasData('speech-commands')))
    throw new UsageError('speech: expected --data DIR with Speech Commands in DIR/speech-commands');
  const set = await loadSpeechCommands(host.files('speech-commands'), { seed });
  const part = (recordings: Recordings<Sound>): Part => ({ recordings, which: shuffled(recordings, seed) });
  return {
    name: `Speech Commands v${set.version}, ten words`,
    rate: set.rate,
    classes: set.classes,
    train: part(set.train),
    validation: part(set.validation),
    test: part(set.test),
    notes: set.notes,
  };
}

/** All of a part's numbers in an order of the seed, so that the first of them are a fair sample. */
function shuffled({ count }: Recordings<Sound>, seed: number): Uint32Array {
  return split(count, { fractions: [1], seed })[0];
}

/** The frames of each, in the order of `which`, cut after so many. */
async function features({ recordings, which }: Part, front: MelFrontEnd, steps: number): Promise<Frames[]> {
  const place = new Map(Array.from(which, (i, k) => [i, k]));
  const found: Frames[] = new Array(which.length);
  let done = 0;
  for await (const { index, item } of recordings.all(which)) {
    const { frames, bands, values } = front.compute(item.samples);
    const cut = Math.min(frames, steps);
    found[place.get(index)!] = { frames: cut, bands, values: values.slice(0, cut * bands) };
    done++;
    if (done % 100 === 0 || done === which.length)
      host.progress({ done, total: which.length, label: 'log-mel spectra' });
  }
  return found;
}

/** Samples of unequal length, encoded when a batch is made of them. */
function loaderOf(
  { recordings, which }: Part,
  frames: readonly Frames[],
  statistics: BandStatistics,
  { steps, bands, input, threshold }: Settings,
): DataLoader {
  const delta = input === 'delta';
  return new DataLoader({
    count: frames.length,
    steps,
    inputs: delta ? 2 * bands : bands,
    form: delta ? 'bits' : 'f32',
    labels: Array.from(which, (i) => recordings.labels[i]!),
    lengths: frames.map((f) => f.frames),
    decode: (i) => {
      const standard = standardize(frames[i]!, statistics);
      return { values: delta ? deltaSpikes(standard, { threshold }).values : standard.values };
    },
    name: (i) => recordings.paths[which[i]!]!,
  });
}
