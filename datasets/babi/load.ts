import { each, type Files } from '../files.ts';
import { gunzipText, utf8 } from '../gunzip.ts';
import { type BabiSize, babiFinder } from './find.ts';
import { type BabiPart, packStories } from './pack.ts';
import { parseBabi, type Story } from './parse.ts';
import { checkTasks, TASKS } from './tasks.ts';

/** The first entry of vocabulary and answers: what training does not know. */
const UNKNOWN = '<unknown>';

export interface BabiOptions {
  /** Numbers of tasks, 1..20 (default: all twenty). */
  readonly tasks?: readonly number[];
  /** Which training files: of a thousand or of ten thousand questions a task (default '10k'). */
  readonly size?: BabiSize;
  /** Sentences that a question has at most, the latest ones of its story (default 20; Santoro et al. 2017). */
  readonly sentences?: number;
}

/** A task, and where its questions come from. */
export interface BabiTask {
  readonly number: number;
  readonly name: string;
  readonly trainFile: string;
  readonly testFile: string;
  /** Of the training file: '1k' also where '10k' was asked for and is missing. */
  readonly size: BabiSize;
}

export interface Babi {
  readonly tasks: readonly BabiTask[];
  /** Words of the training part in alphabetical order; before them, for all others, '<unknown>'. */
  readonly vocabulary: readonly string[];
  /** Answers of the training part, likewise; several words are one answer: 'apple,milk'. */
  readonly answers: readonly string[];
  readonly train: BabiPart;
  readonly test: BabiPart;
}

/**
 * The bAbI tasks, version 1.2 (Weston et al. 2015): stories of short sentences with questions about them.
 *
 * Where the training file of ten thousand questions is missing, the one of a thousand is taken; `tasks` says so.
 *
 * @param files the folder that has `en/` and `en-10k/` with files `.txt.gz` or `.txt`, or the publisher's
 *   `tasks_1-20_v1-2.tar.gz`, packed or not
 * @throws when a file is missing, damaged or cut short, with file and line
 */
export async function loadBabi(files: Files, options: BabiOptions = {}): Promise<Babi> {
  const { tasks = TASKS.map((_, i) => i + 1), size = '10k', sentences = 20 } = options;
  checkTasks(tasks);
  if (size !== '1k' && size !== '10k') throw new Error(`bAbI: size is '${size}', expected '1k' or '10k'`);
  if (!(Number.isInteger(sentences) && sentences > 0))
    throw new Error(`bAbI: sentences is ${sentences}, expected a whole number above 0`);
  const { from, find } = await babiFinder(files);
  const found = tasks.map((number) => ({
    number,
    train: find(number, 'train', size),
    test: find(number, 'test', size),
  }));
  const told = new Map<string, Story[]>();
  for await (const { path, bytes } of each(
    from,
    found.flatMap(({ train, test }) => [train.path, test.path]),
  ))
    told.set(path, parseBabi(path.endsWith('.gz') ? await gunzipText(bytes, path) : utf8(bytes, path), path));
  const part = (which: 'train' | 'test') =>
    found.flatMap((task) => told.get(task[which].path)!.map((story) => [task.number, story] as const));
  const [train, test] = [part('train'), part('test')];
  const [words, answers] = [new Set<string>(), new Set<string>()];
  for (const [, { sentences: texts, questions }] of train) {
    for (const text of texts) for (const w of text) words.add(w);
    for (const q of questions) {
      answers.add(q.answer);
      for (const w of q.words) words.add(w);
    }
  }
  const lists = { vocabulary: [UNKNOWN, ...[...words].sort()], answers: [UNKNOWN, ...[...answers].sort()] };
  return {
    tasks: found.map(({ number, train, test }) => ({
      number,
      name: TASKS[number - 1]!,
      trainFile: train.path,
      testFile: test.path,
      size: train.size,
    })),
    ...lists,
    train: packStories(train, lists, sentences),
    test: packStories(test, lists, sentences),
  };
}
