import { type Files, walk } from '../files.ts';
import { onlyKnown } from '../options.ts';
import { opened, type Recordings, recordingsOf } from '../recordings.ts';
import { readWav, type Sound } from './wav.ts';

const RATE = 8000;
/** Recordings of a digit by a speaker whose index is below this are the test part. */
const TEST_BELOW = 5;

export interface FsddOptions {
  /**
   * 'official' (default): recordings 0 to 4 of each digit and speaker are the test part. A speaker: all recordings by that
   * speaker are, so that the net is tried on a voice it has never heard.
   */
  test?: 'official' | { speaker: string };
}

export interface SpokenDigit extends Sound {
  digit: number;
  speaker: string;
}

export interface Fsdd {
  name: 'fsdd';
  /** Samples a second. */
  rate: number;
  classes: string[];
  /** All who were recorded, sorted. */
  speakers: string[];
  train: Recordings<SpokenDigit>;
  test: Recordings<SpokenDigit>;
}

/**
 * The Free Spoken Digit Dataset (Jackson et al.): digits 0 to 9, by six speakers 50 times each, 8 kHz.
 *
 * @param files the folder with `recordings/`, with the recordings, or with an archive of either
 * @throws when a name is not `DIGIT_SPEAKER_INDEX.wav`, there is no recording, or the speaker is unknown
 */
export async function loadFsdd(files: Files, options: FsddOptions = {}): Promise<Fsdd> {
  onlyKnown('loadFsdd', options, ['test']);
  const { test = 'official' } = options;
  const root = await opened(files, 'fsdd', (name) => name === 'recordings/' || name.endsWith('.wav'));
  const all = (await walk(root)).filter((path) => path.endsWith('.wav')).map(entryOf);
  if (all.length === 0) throw new Error('fsdd: expected recordings, DIGIT_SPEAKER_INDEX.wav; there is none');
  const speakers = [...new Set(all.map(({ speaker }) => speaker))].sort();
  if (test !== 'official' && !speakers.includes(test.speaker))
    throw new Error(`fsdd: there is no speaker '${test.speaker}'; there are ${speakers.join(', ')}`);
  const held = (entry: Entry): boolean =>
    test === 'official' ? entry.index < TEST_BELOW : entry.speaker === test.speaker;
  const part = (entries: Entry[]): Recordings<SpokenDigit> => recordingsOf(root, entries, decode);
  return {
    name: 'fsdd',
    rate: RATE,
    classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
    speakers,
    train: part(all.filter((entry) => !held(entry))),
    test: part(all.filter(held)),
  };
}

interface Entry {
  path: string;
  label: number;
  speaker: string;
  index: number;
}

function entryOf(path: string): Entry {
  const [, digit, speaker, index] = /(?:^|\/)(\d)_([^_/]+)_(\d+)\.wav$/.exec(path) ?? [];
  if (!digit || !speaker || !index)
    throw new Error(`fsdd: ${path}: expected a name of the form DIGIT_SPEAKER_INDEX.wav, such as 7_jackson_32.wav`);
  return { path, label: Number(digit), speaker, index: Number(index) };
}

function decode(bytes: Uint8Array, { path, label, speaker }: Entry): SpokenDigit {
  const sound = readWav(bytes, path);
  if (sound.rate !== RATE) throw new Error(`${path}: expected ${RATE} samples a second, got ${sound.rate}`);
  if (sound.samples.length === 0) throw new Error(`${path}: there are no samples`);
  return { ...sound, digit: label, speaker };
}
