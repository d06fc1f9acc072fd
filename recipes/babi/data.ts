import { type Babi, type BabiPart, loadBabi, split } from 'spiketape/datasets';
import { host, UsageError } from 'spiketape/host';
import type { Settings } from './settings.ts';
import { type StorySizes, StorySource, sizesOf } from './source.ts';

export interface Stories extends StorySizes {
  readonly babi: Babi;
  /** What it is, for people. */
  readonly text: string;
  readonly train: StorySource;
  readonly validation: StorySource;
  /** The test part: asked for once, when training is over. */
  readonly test: () => StorySource;
}

/** Part of the training stories that is kept for validation. */
const VALIDATION = 0.1;

/** The chosen tasks; validation is cut from the training part between stories, from each task the same share. */
export async function stories({ tasks, size, limit }: Settings, seed: number): Promise<Stories> {
  if (!(await host.hasData('babi')))
    throw new UsageError(
      'babi: expected --data DIR with the bAbI tasks in DIR/babi: en/ and en-10k/, or tasks_1-20_v1-2.tar.gz',
    );
  const babi = await loadBabi(host.files('babi'), { tasks, size });
  const sizes = sizesOf([babi.train, babi.test]);
  const [rest, kept] = byStory(babi.train, seed);
  const most = (which: number[], n: number): number[] => (limit > 0 ? which.slice(0, Math.ceil(n)) : which);
  const [trained, validated] = [most(rest, limit), most(kept, limit / 6)];
  const instead = babi.tasks.filter((t) => t.size !== size).map((t) => `task ${t.number} with ${t.trainFile}`);
  const counts = `${trained.length} questions to train, ${validated.length} to validate, ${babi.test.count} to test`;
  return {
    babi,
    ...sizes,
    text: [
      `bAbI, task${tasks.length > 1 ? 's' : ''} ${tasks.join(', ')} (${size}): ${counts}`,
      `${babi.vocabulary.length - 1} words and ${babi.answers.length - 1} answers, up to ${sizes.sentences} sentences of up to ${sizes.words} words`,
      ...(instead.length ? [`no ${size} training file, so trained on the 1k one: ${instead.join(', ')}`] : []),
    ].join('; '),
    train: new StorySource(babi.train, trained, sizes),
    validation: new StorySource(babi.train, validated, sizes),
    test: () => new StorySource(babi.test, most(shuffled(babi.test.count, seed), limit / 6), sizes),
  };
}

const shuffled = (count: number, seed: number): number[] => Array.from(split(count, { fractions: [1], seed })[0]);

/** Questions of the training part, those of some stories apart, each in random order. */
function byStory({ stories, tasks, count }: BabiPart, seed: number): [number[], number[]] {
  const firsts = Array.from({ length: count }, (_, i) => i).filter((i) => i === 0 || stories[i] !== stories[i - 1]);
  const taskOf = firsts.map((i) => tasks[i]!);
  const [rest] = split(firsts.length, { fractions: [1 - VALIDATION, VALIDATION], seed, labels: taskOf });
  const stays = new Set(Array.from(rest, (s) => stories[firsts[s]!]!));
  const all = shuffled(count, seed);
  return [all.filter((i) => stays.has(stories[i]!)), all.filter((i) => !stays.has(stories[i]!))];
}
