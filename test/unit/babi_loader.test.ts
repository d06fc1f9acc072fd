import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Babi, loadBabi, memoryFiles, questionOf, storyOf } from '../../datasets/index.ts';

// The publisher's form in small: two stories to train with, one to test with.

const TRAIN = `1 Mary moved to the bathroom.
2 Where is Mary? \tbathroom\t1
3 John went to the hallway.
4 Mary got the milk.
5 Where is John? \thallway\t3
1 Daniel took the apple.
2 What is Daniel carrying?\tapple\t1
3 Daniel took the milk.
4 What is Daniel carrying?\tapple,milk\t1 3
`;
const TEST = `1 Mary ran to the hallway.
2 Where is Mary?\thallway\t1
3 What is Mary carrying?\tnothing\t1
`;
const gz = (text: string): Uint8Array => new Uint8Array(gzipSync(text));
const one = (train = TRAIN, test = TEST) => ({
  'en/qa1_single-supporting-fact_train.txt': train,
  'en/qa1_single-supporting-fact_test.txt.gz': gz(test),
});
const load = (files: Record<string, string | Uint8Array>, options = {}): Promise<Babi> =>
  loadBabi(memoryFiles(files), { tasks: [1], size: '1k', ...options });
const told = ({ vocabulary, train }: Babi, i: number): string[] =>
  storyOf(train, i).map((s) => [...s].map((w) => vocabulary[w]).join(' '));

describe('the bAbI loader', () => {
  it('gives every question with what was told before it', async () => {
    const babi = await load(one());
    const { train, test, vocabulary, answers } = babi;
    expect(train.count).toBe(4);
    expect(told(babi, 0)).toEqual(['mary moved to the bathroom']);
    expect(told(babi, 1)).toEqual(['mary moved to the bathroom', 'john went to the hallway', 'mary got the milk']);
    expect(told(babi, 3)).toEqual(['daniel took the apple', 'daniel took the milk']);
    expect([...questionOf(train, 1)].map((w) => vocabulary[w])).toEqual(['where', 'is', 'john']);
    expect([...train.labels].map((l) => answers[l])).toEqual(['bathroom', 'hallway', 'apple', 'apple,milk']);
    expect([...train.stories]).toEqual([0, 0, 1, 1]);
    expect([...train.tasks]).toEqual([1, 1, 1, 1]);
    expect(answers).toEqual(['<unknown>', 'apple', 'apple,milk', 'bathroom', 'hallway']);
    // words and answers that training does not have
    expect([...storyOf(test, 0)[0]!].map((w) => vocabulary[w])).toEqual(['mary', '<unknown>', 'to', 'the', 'hallway']);
    expect([...test.labels].map((l) => answers[l])).toEqual(['hallway', '<unknown>']);
  });

  it('keeps the latest sentences', async () => {
    const babi = await load(one(), { sentences: 2 });
    expect(told(babi, 1)).toEqual(['john went to the hallway', 'mary got the milk']);
    expect(told(babi, 0)).toEqual(['mary moved to the bathroom']);
  });

  it('takes the 1k training file where the 10k one is missing, and says so', async () => {
    const ten = 'en-10k/qa1_single-supporting-fact';
    const all = { ...one(), [`${ten}_test.txt`]: TEST, 'en-10k/qa2_two-supporting-facts_train.txt': TRAIN + TRAIN };
    const babi = await load(
      { ...all, 'en-10k/qa2_two-supporting-facts_test.txt': TEST },
      { tasks: [2, 1], size: '10k' },
    );
    expect(babi.tasks).toEqual([
      {
        number: 2,
        name: 'two-supporting-facts',
        trainFile: 'en-10k/qa2_two-supporting-facts_train.txt',
        testFile: 'en-10k/qa2_two-supporting-facts_test.txt',
        size: '10k',
      },
      {
        number: 1,
        name: 'single-supporting-fact',
        trainFile: 'en/qa1_single-supporting-fact_train.txt',
        testFile: `${ten}_test.txt`,
        size: '1k',
      },
    ]);
    expect(babi.train.count).toBe(12);
    expect([...babi.train.tasks]).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1]);
    expect([...babi.train.stories]).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    await expect(load(all, { tasks: [3] })).rejects.toThrow(
      'bAbI: task 3 needs en/qa3_three-supporting-facts_train.txt.gz (or .txt), which is not there',
    );
  });

  it('reads the publisher’s folder and his archive, not unpacked', async () => {
    const outer = Object.fromEntries(Object.entries(one()).map(([path, x]) => [`tasks_1-20_v1-2/${path}`, x]));
    const unpacked = await load(outer);
    expect(unpacked.train.count).toBe(4);
    const packed = await load({ 'tasks_1-20_v1-2.tar.gz': new Uint8Array(gzipSync(tar(outer))) });
    expect(packed).toEqual(unpacked);
  });

  it.each<[what: string, train: string, message: string]>([
    [
      'a line cut short',
      TRAIN.slice(0, -3),
      "line 9: '4 What is Daniel carrying?\tapple,milk\t1' ends without a line break",
    ],
    ['an end without a question', `${TRAIN}1 Mary moved.\n`, 'line 10: is the last one and no question: cut short'],
    ['an empty file', '', 'line 1: the file is empty'],
    [
      'a line without a number',
      TRAIN.replace('4 Mary', 'Mary'),
      "line 4: 'Mary got the milk.' does not begin with a number",
    ],
    [
      'a line that is missing',
      TRAIN.replace('3 John went to the hallway.\n', ''),
      'line 3: has number 4, expected 3, or 1',
    ],
    ['no full stop', TRAIN.replace('bathroom.', 'bathroom'), "line 1: '1 Mary moved to the bathroom' is no sentence"],
    ['no answer', TRAIN.replace('hallway\t3', '\t3'), 'line 5: '],
    ['no support', TRAIN.replace('hallway\t3', 'hallway'), 'line 5: '],
    [
      'support that comes later',
      TRAIN.replace('hallway\t3', 'hallway\t7'),
      "line 5: supporting line is '7', expected numbers of lines before 5",
    ],
    [
      'a question first',
      TRAIN.replace('1 Mary moved to the bathroom.', '1 Where is John?\toffice\t'),
      "line 1: supporting line is ''",
    ],
  ])('refuses %s, with file and line', async (_, train, message) => {
    await expect(load(one(train))).rejects.toThrow(`en/qa1_single-supporting-fact_train.txt, ${message}`);
  });

  it('refuses damaged files and options that there are not', async () => {
    const damaged = { ...one(), 'en/qa1_single-supporting-fact_test.txt.gz': gz(TEST).slice(0, 40) };
    await expect(load(damaged)).rejects.toThrow('en/qa1_single-supporting-fact_test.txt.gz: ');
    const latin = { ...one(), 'en/qa1_single-supporting-fact_train.txt': new Uint8Array([0x31, 0x20, 0xff]) };
    await expect(load(latin)).rejects.toThrow('en/qa1_single-supporting-fact_train.txt: expected UTF-8');
    await expect(load({ 'mnist/x': '' })).rejects.toThrow('expected the folders en/ and en-10k/');
    await expect(load(one(), { tasks: [21] })).rejects.toThrow('task is 21, expected a whole number in 1..20');
    await expect(load(one(), { tasks: [] })).rejects.toThrow('tasks is empty');
    await expect(load(one(), { tasks: [1, 1] })).rejects.toThrow('names task 1 twice');
    await expect(load(one(), { size: '2k' })).rejects.toThrow("size is '2k', expected '1k' or '10k'");
    await expect(load(one(), { sentences: 0 })).rejects.toThrow('sentences is 0');
  });
});

/** A ustar archive of these files. */
function tar(files: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const [path, content] of Object.entries(files)) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const header = new Uint8Array(512);
    const write = (text: string, at: number): void => header.set(new TextEncoder().encode(text), at);
    write(path, 0);
    write('0000644\0', 100);
    write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
    write('        0ustar\0' + '00', 148);
    write(
      `${header
        .reduce((a, b) => a + b, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    blocks.push(header, bytes, new Uint8Array((512 - (bytes.length % 512)) % 512));
  }
  blocks.push(new Uint8Array(1024));
  return new Uint8Array(Buffer.concat(blocks));
}
