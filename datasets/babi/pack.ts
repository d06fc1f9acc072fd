import type { Story } from './parse.ts';

/** Questions with the sentences before them, as numbers. `storyOf` and `questionOf` take them apart. */
export interface BabiPart {
  readonly count: number;
  /** [count] number of the question's task, 1..20. */
  readonly tasks: Uint8Array;
  /** [count] index of the answer in `answers`. */
  readonly labels: Uint32Array;
  /** [count] questions of one story have one number: a part that is cut in two is cut between stories. */
  readonly stories: Uint32Array;
  /** Indices in `vocabulary`, one sentence or question after the other. */
  readonly words: Uint16Array;
  /** [sentences and questions + 1] where each begins in `words`. */
  readonly begins: Uint32Array;
  /** [count] place of the question in `begins`, and the range of its sentences there, the oldest first. */
  readonly question: Uint32Array;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

/**
 * Stories as numbers; what the lists do not have is number 0.
 *
 * @param recent sentences that a question has at most, the latest ones
 */
export function packStories(
  stories: readonly (readonly [task: number, story: Story])[],
  lists: { readonly vocabulary: readonly string[]; readonly answers: readonly string[] },
  recent: number,
): BabiPart {
  const [wordNumber, answerNumber] = [numbers(lists.vocabulary), numbers(lists.answers)];
  const count = stories.reduce((sum, [, { questions }]) => sum + questions.length, 0);
  const column = (): Uint32Array => new Uint32Array(count);
  const part = { labels: column(), stories: column(), question: column(), from: column(), to: column() };
  const tasks = new Uint8Array(count);
  const words: number[] = [];
  const begins = [0];
  const add = (text: readonly string[]): number => {
    for (const w of text) words.push(wordNumber.get(w) ?? 0);
    return begins.push(words.length) - 2;
  };
  let i = 0;
  stories.forEach(([task, { sentences, questions }], story) => {
    const first = begins.length - 1;
    sentences.forEach(add);
    for (const { after, words: asked, answer } of questions) {
      tasks[i] = task;
      part.labels[i] = answerNumber.get(answer) ?? 0;
      part.stories[i] = story;
      part.question[i] = add(asked);
      part.from[i] = first + Math.max(0, after - recent);
      part.to[i] = first + after;
      i++;
    }
  });
  return { count, tasks, ...part, words: Uint16Array.from(words), begins: Uint32Array.from(begins) };
}

const numbers = (list: readonly string[]): ReadonlyMap<string, number> => new Map(list.map((w, i) => [w, i]));

/** The sentences before question i, the oldest first, as indices in `vocabulary`. */
export function storyOf(part: BabiPart, i: number): Uint16Array[] {
  const [from, to] = [part.from[i]!, part.to[i]!];
  return Array.from({ length: to - from }, (_, k) => wordsAt(part, from + k));
}

/** The words of question i, as indices in `vocabulary`. */
export const questionOf = (part: BabiPart, i: number): Uint16Array => wordsAt(part, part.question[i]!);

const wordsAt = ({ words, begins }: BabiPart, at: number): Uint16Array => words.subarray(begins[at], begins[at + 1]);
