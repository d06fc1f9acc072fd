import type { Batch, BatchSource } from 'spiketape';
import { type BabiPart, questionOf, storyOf } from 'spiketape/datasets';

/** What is common to all parts of the data: the sizes that the net is made for. */
export interface StorySizes {
  readonly words: number;
  readonly sentences: number;
}

/** Words of the longest text and sentences of the longest story. */
export function sizesOf(parts: readonly BabiPart[]): StorySizes {
  let [words, sentences] = [0, 0];
  for (const { begins, from, to, count } of parts) {
    for (let i = 0; i + 1 < begins.length; i++) words = Math.max(words, begins[i + 1]! - begins[i]!);
    for (let i = 0; i < count; i++) sentences = Math.max(sentences, to[i]! - from[i]!);
  }
  return { words, sentences };
}

/**
 * Some questions of a part as `RelationNet` takes them: [1 + sentences, B, words] numbers of words + 1, the question first,
 * then the sentences, the latest first; words at the end of their rows, 0 where there is none.
 */
export class StorySource implements BatchSource {
  readonly count: number;
  readonly steps: number;
  readonly inputs: number;
  readonly form = 'f32';

  constructor(
    readonly part: BabiPart,
    /** Which questions, by their numbers in the part. */
    readonly which: ArrayLike<number>,
    readonly sizes: StorySizes,
  ) {
    this.count = which.length;
    this.steps = 1 + sizes.sentences;
    this.inputs = sizes.words;
  }

  batch(which: ArrayLike<number>): Batch {
    const { steps, inputs, part } = this;
    const B = which.length;
    const values = new Float32Array(steps * B * inputs);
    const labels = new Uint32Array(B);
    for (let b = 0; b < B; b++) {
      const i = this.which[which[b]!]!;
      labels[b] = part.labels[i]!;
      const write = (text: Uint16Array, row: number): void =>
        text.forEach((word, w) => {
          values[(row * B + b + 1) * inputs - text.length + w] = word + 1;
        });
      write(questionOf(part, i), 0);
      storyOf(part, i)
        .reverse()
        .forEach((text, k) => write(text, 1 + k));
    }
    return {
      shape: [steps, B, inputs],
      values,
      labels,
      targets: undefined,
      lengths: undefined,
      mask: undefined,
      form: 'f32',
    };
  }
}
