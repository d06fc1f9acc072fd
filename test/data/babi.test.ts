import { beforeAll, expect, it } from 'vitest';
import { type Babi, loadBabi, questionOf, storyOf } from '../../datasets/index.ts';
import { dataFolder } from './folder.ts';

// The real files, version 1.2: a thousand or ten thousand questions a task, words and answers as counted by other means.

const all = Array.from({ length: 20 }, (_, i) => i + 1);
let small: Babi;
let large: Babi;
beforeAll(async () => {
  const files = dataFolder('babi');
  [small, large] = [await loadBabi(files, { size: '1k' }), await loadBabi(files)];
}, 120_000);

const perTask = (tasks: Uint8Array): number[] => all.map((task) => tasks.filter((t) => t === task).length);

it('has the known number of questions of each task', () => {
  const thousand = all.map(() => 1000);
  expect(perTask(small.train.tasks)).toEqual(thousand);
  expect(perTask(small.test.tasks)).toEqual(thousand);
  expect(perTask(large.test.tasks)).toEqual(thousand);
  const missing = large.tasks.filter((t) => t.size === '1k').map((t) => t.number);
  expect(perTask(large.train.tasks)).toEqual(all.map((task) => (missing.includes(task) ? 1000 : 10_000)));
});

it('names the 1k file of a task whose 10k one is missing', () => {
  for (const { number, size, trainFile } of large.tasks)
    expect(trainFile.startsWith(`${size === '1k' ? 'en' : 'en-10k'}/qa${number}_`)).toBe(true);
});

it('has the known answers, and how often the most frequent one is right', () => {
  const answers = (babi: Babi, task: number): Map<string, number> => {
    const counts = new Map<string, number>();
    babi.test.labels.forEach((label, i) => {
      const answer = babi.answers[label]!;
      if (babi.test.tasks[i] === task) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    });
    return counts;
  };
  const most = all.map((task) => Math.max(...answers(large, task).values()));
  expect(most).toEqual([
    ...[187, 187, 215, 177, 189, 503, 488, 336, 638, 437],
    ...[187, 189, 183, 177, 341, 257, 520, 531, 93, 180],
  ]);
  expect(all.map((task) => answers(large, task).size)).toEqual([
    ...[6, 6, 6, 6, 7, 2, 4, 12, 2, 3, 6, 6, 6, 6, 4, 4, 2, 2, 12, 7],
  ]);
  expect(answers(large, 19).get('w,s')).toBeGreaterThan(0);
});

it('has words of all parts, at most 11 in a text, and stories of up to 228 sentences of which 20 are kept', async () => {
  expect([large.vocabulary.length, large.answers.length]).toEqual([146, 61]);
  expect([large.train.words.includes(0), large.test.words.includes(0)]).toEqual([false, false]);
  let longest = 0;
  for (let i = 1; i < large.test.begins.length; i++)
    longest = Math.max(longest, large.test.begins[i]! - large.test.begins[i - 1]!);
  expect(longest).toBe(11);
  const kept = Array.from({ length: large.test.count }, (_, i) => large.test.to[i]! - large.test.from[i]!);
  expect(Math.max(...kept)).toBe(20);
  const whole = await loadBabi(dataFolder('babi'), { tasks: [3], size: '1k', sentences: 1000 });
  expect(Math.max(...Array.from(whole.test.to, (to, i) => to - whole.test.from[i]!))).toBe(228);
});

it('begins as the first file does', () => {
  const say = (text: Uint16Array): string => [...text].map((w) => small.vocabulary[w]).join(' ');
  expect(storyOf(small.train, 1).map(say)).toEqual([
    'mary moved to the bathroom',
    'john went to the hallway',
    'daniel went back to the hallway',
    'sandra moved to the garden',
  ]);
  expect([say(questionOf(small.train, 1)), small.answers[small.train.labels[1]!]]).toEqual([
    'where is daniel',
    'hallway',
  ]);
  expect(small.train.stories[4]).toBe(0);
  expect(small.train.stories[5]).toBe(1);
});

it('has as many words, stories and sentences before questions as the files by a count of their lines', () => {
  const the = small.vocabulary.indexOf('the');
  for (const [part, expected] of [
    [small.train, [461515, 79802, 6267, 152924]],
    [small.test, [462198, 79958, 6267, 152575]],
  ] as const)
    expect([
      part.words.length,
      part.words.filter((w) => w === the).length,
      part.stories.at(-1)! + 1,
      part.to.reduce((sum, to, i) => sum + to - part.from[i]!, 0),
    ]).toEqual(expected);
});
