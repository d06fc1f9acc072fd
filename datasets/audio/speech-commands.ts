import seedrandom from 'seedrandom';
import { type Files, walk } from '../files.ts';
import { onlyKnown } from '../options.ts';
import { opened, type Recordings, recordingsOf } from '../recordings.ts';
import { readWav, type Sound } from './wav.ts';

/** The words of the task with ten; all others are 'unknown' there. */
export const TEN_WORDS = ['yes', 'no', 'up', 'down', 'left', 'right', 'on', 'off', 'stop', 'go'] as const;

const RATE = 16000;
const NOISE = '_background_noise_';

export interface SpeechCommandsOptions {
  /** 'ten' (default): ten words, 'unknown' and 'silence'. 'all': every word is a class. */
  task?: 'ten' | 'all';
  /**
   * With ten words: how many clips of other words, and how many seconds cut from the background noise, there are in each part
   * for each clip of the ten; 0.1 each by default (Warden 2018).
   */
  unknown?: number;
  silence?: number;
  /** Which other words and which noise; 0 by default. The parts themselves are the publisher's. */
  seed?: number;
}

export interface SpeechCommands {
  name: 'speech-commands';
  /** '0.01' has 30 words, '0.02' 35. */
  version: '0.01' | '0.02';
  /** Samples a second, and of a clip: shorter ones are followed by silence. */
  rate: number;
  samples: number;
  classes: string[];
  train: Recordings<Sound>;
  validation: Recordings<Sound>;
  test: Recordings<Sound>;
  /** What the folder lacks, in words. */
  notes: string[];
}

/**
 * Google's Speech Commands (Warden 2018, arXiv 1804.03209): one-second clips of single words at 16 kHz. The parts are those of
 * `validation_list.txt` and `testing_list.txt`; what neither names is for training.
 *
 * @param files the folder with a folder for each word and the two lists, or with an archive of that
 * @throws when a list or all words are missing, or a list names a clip that is not there, with list and line
 */
export async function loadSpeechCommands(files: Files, options: SpeechCommandsOptions = {}): Promise<SpeechCommands> {
  const { task = 'ten' } = options;
  onlyKnown('loadSpeechCommands', options, ['task', 'unknown', 'silence', 'seed']);
  checkOptions(options);
  const root = await opened(
    files,
    'speech-commands',
    (name) => name === 'testing_list.txt',
    // the publisher has an archive of test clips of its own
    (name) => !name.includes('test_set'),
  );
  const paths = await walk(root);
  const [validation, testing] = [
    await listed(root, paths, 'validation_list.txt'),
    await listed(root, paths, 'testing_list.txt'),
  ];
  for (const path of testing)
    if (validation.has(path)) throw new Error(`speech-commands: ${path} is in both lists, validation and testing`);
  const clips = paths.filter((path) => /^[^/_][^/]*\/[^/]+\.wav$/.test(path));
  const noises = paths.filter((path) => path.startsWith(`${NOISE}/`) && path.endsWith('.wav'));
  const words = [...new Set(clips.map(wordOf))].sort();
  if (words.length === 0)
    throw new Error('speech-commands: expected a folder of .wav files for each word; there is none');

  const notes: string[] = [];
  if (task === 'ten' && noises.length === 0 && options.silence !== 0)
    notes.push(`there is no folder ${NOISE}, so that the class 'silence' has no clips`);
  const absent = TEN_WORDS.filter((word) => !words.includes(word));
  if (task === 'ten' && absent.length > 0) notes.push(`there are no clips of ${absent.join(', ')}`);

  const classes = task === 'all' ? words : [...TEN_WORDS, 'unknown', 'silence'];
  const decode = decoder();
  const part = (name: string, own: string[]): Recordings<Sound> => {
    const entries =
      task === 'all'
        ? own.map((path) => ({ path, label: classes.indexOf(wordOf(path)) }))
        : tenWords(own, noises, options, name);
    return recordingsOf(root, entries, decode);
  };
  return {
    name: 'speech-commands',
    version: words.includes('visual') ? '0.02' : '0.01',
    rate: RATE,
    samples: RATE,
    classes,
    train: part(
      'train',
      clips.filter((path) => !validation.has(path) && !testing.has(path)),
    ),
    validation: part(
      'validation',
      clips.filter((path) => validation.has(path)),
    ),
    test: part(
      'test',
      clips.filter((path) => testing.has(path)),
    ),
    notes,
  };
}

interface Entry {
  path: string;
  label: number;
  /** Of background noise: where the second is cut (0 to 1), and how loud it is. */
  cut?: { at: number; volume: number };
}

/** A part's clips of the ten words, and in proportion to them clips of other words and of noise. */
function tenWords(own: string[], noises: string[], options: SpeechCommandsOptions, part: string): Entry[] {
  const { unknown = 0.1, silence = 0.1, seed = 0 } = options;
  const label = (path: string): number => TEN_WORDS.indexOf(wordOf(path) as (typeof TEN_WORDS)[number]);
  const known = own.filter((path) => label(path) >= 0).map((path) => ({ path, label: label(path) }));
  const random = seedrandom(`speech-commands/${part}/${seed}`);
  const others = own.filter((path) => label(path) < 0);
  // the first places of a Fisher-Yates shuffle
  const some = Math.min(others.length, Math.ceil(unknown * known.length));
  for (let i = 0; i < some; i++) {
    const j = i + Math.floor(random() * (others.length - i));
    [others[i], others[j]] = [others[j]!, others[i]!];
  }
  const quiet = noises.length > 0 ? Math.ceil(silence * known.length) : 0;
  return [
    ...known,
    ...others
      .slice(0, some)
      .sort()
      .map((path) => ({ path, label: TEN_WORDS.length })),
    ...Array.from({ length: quiet }, () => ({
      path: noises[Math.floor(random() * noises.length)]!,
      label: TEN_WORDS.length + 1,
      cut: { at: random(), volume: random() },
    })),
  ];
}

function decoder(): (bytes: Uint8Array, entry: Entry) => Sound {
  // the few recordings of noise are minutes long and wanted many times
  const long = new Map<string, Float32Array>();
  return (bytes, { path, cut }) => {
    const samples = new Float32Array(RATE);
    const from = (cut && long.get(path)) ?? soundOf(bytes, path);
    if (!cut) {
      samples.set(from.subarray(0, RATE));
      return { rate: RATE, samples };
    }
    if (from.length < RATE) throw new Error(`${path}: expected noise of at least ${RATE} samples, got ${from.length}`);
    long.set(path, from);
    const start = Math.floor(cut.at * (from.length - RATE + 1));
    for (let i = 0; i < RATE; i++) samples[i] = cut.volume * from[start + i]!;
    return { rate: RATE, samples };
  };
}

function soundOf(bytes: Uint8Array, path: string): Float32Array {
  const { rate, samples } = readWav(bytes, path);
  if (rate !== RATE) throw new Error(`${path}: expected ${RATE} samples a second, got ${rate}`);
  return samples;
}

const wordOf = (path: string): string => path.slice(0, path.indexOf('/'));

async function listed(files: Files, paths: readonly string[], list: string): Promise<Set<string>> {
  if (!paths.includes(list))
    throw new Error(`speech-commands: expected ${list}, which says what belongs to which part`);
  const there = new Set(paths);
  const found = new Set<string>();
  const lines = new TextDecoder().decode(await files.read(list)).split(/\r?\n/);
  lines.forEach((line, i) => {
    if (line === '') return;
    if (!there.has(line)) throw new Error(`${list}: line ${i + 1}: there is no clip '${line}'`);
    found.add(line);
  });
  return found;
}

function checkOptions({ task, unknown = 0, silence = 0 }: SpeechCommandsOptions): void {
  if (!['ten', 'all', undefined].includes(task))
    throw new Error(`loadSpeechCommands: task must be 'ten' or 'all', got ${task}`);
  for (const [name, share] of Object.entries({ unknown, silence }))
    if (!(share >= 0 && Number.isFinite(share)))
      throw new Error(`loadSpeechCommands: ${name} must be a number from 0 on, got ${share}`);
}
