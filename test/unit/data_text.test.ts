import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { charactersOf, loadText, memoryFiles, textLoader } from '../../datasets/index.ts';

it('reads a text and its vocabulary', async () => {
  const text = await loadText(memoryFiles({ 'a.txt.gz': gzipSync('\ufeffabba 😀a'), README: 'x' }));
  expect(text).toEqual({
    name: 'a.txt.gz',
    text: 'abba 😀a',
    vocabulary: [' ', 'a', 'b', '😀'],
    codes: Uint32Array.of(1, 2, 2, 1, 0, 3, 1),
  });
  const both = memoryFiles({ 'a.txt': 'aa', 'b.txt': 'bb' });
  expect((await loadText(both, { name: 'b.txt' })).text).toBe('bb');
  await expect(loadText(both)).rejects.toThrow(
    'expected one .txt or .txt.gz file, or its name; the folder has a.txt, b.txt',
  );
  await expect(loadText(memoryFiles({ 'a.txt': '' }))).rejects.toThrow('a.txt: expected a text, got an empty file');
  await expect(loadText(memoryFiles({ 'a.txt': Uint8Array.of(97, 255) }))).rejects.toThrow(
    'a.txt: expected UTF-8 text',
  );
});

it('reads a text by the vocabulary of another', () => {
  expect(charactersOf('ba', ['a', 'b']).codes).toEqual(Uint32Array.of(1, 0));
  expect(() => charactersOf('bac', ['a', 'b'])).toThrow('charactersOf: "c" (U+0063) at 2 is not in the vocabulary');
});

it('gives windows with the character that follows each step, or the last', async () => {
  const codes = Uint32Array.of(0, 1, 2, 3, 2, 1, 0, 1);
  const loader = textLoader(codes, { steps: 3, symbols: 4 });
  expect([loader.count, loader.steps, loader.inputs, loader.form]).toEqual([2, 3, 4, 'bits']);
  const { values, labels } = await loader.batch([1, 0]);
  // one word a step: bit n is character n
  expect([...values]).toEqual([8, 1, 4, 2, 2, 4]);
  expect([...labels]).toEqual([2, 1, 1, 2, 0, 3]);
  const last = textLoader(codes, { steps: 3, symbols: 4, stride: 1, predict: 'last', form: 'index' });
  expect([last.count, last.inputs, last.form]).toEqual([5, 1, 'f32']);
  const window = await last.batch([4]);
  expect([[...window.values], [...window.labels]]).toEqual([[2, 1, 0], [1]]);
  expect(() => textLoader(codes, { steps: 8, symbols: 4 })).toThrow('windows of 8 need more than 8 characters, got 8');
  expect(() => textLoader(codes, { steps: 3, symbols: 3 })).toThrow(
    'codes[3] is 3, expected a number below symbols = 3',
  );
  expect(() => textLoader(codes, { steps: 3, symbols: 4, predict: 'all' as never })).toThrow(
    "predict must be 'each' or 'last'",
  );
});
