import { expect, it } from 'vitest';
import { loadText, loadUcr, textLoader } from '../../datasets/index.ts';
import { dataFolder, histogram, sha256 } from './folder.ts';

it('reads the text: 1,115,394 characters of 65 symbols', async () => {
  const { name, text, vocabulary, codes } = await loadText(dataFolder('text'));
  expect([name, text.length, vocabulary.length, codes.length]).toEqual(['tinyshakespeare.txt', 1115394, 65, 1115394]);
  expect(sha256(new TextEncoder().encode(text))).toBe(
    '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
  );
  expect(vocabulary.slice(0, 6)).toEqual(['\n', ' ', '!', '$', '&', "'"]);
  expect(Array.from(codes.subarray(0, 5), (c) => vocabulary[c]).join('')).toBe('First');
  const windows = textLoader(codes, { steps: 100, symbols: 65 });
  expect([windows.count, windows.form]).toEqual([11153, 'bits']);
});

// Sizes as the archive's own pages list them; the counts of classes were counted with another program (awk).
it.each([
  ['ArrowHead', 36, 175, 251, 1, 3, [12, 12, 12], [69, 53, 53]],
  ['BasicMotions', 40, 40, 100, 6, 4, [10, 10, 10, 10], [10, 10, 10, 10]],
  ['GunPoint', 50, 150, 150, 1, 2, [24, 26], [76, 74]],
  ['ItalyPowerDemand', 67, 1029, 24, 1, 2, [34, 33], [513, 516]],
])('reads %s', async (name, train, test, steps, dimensions, classes, inTrain, inTest) => {
  const set = await loadUcr(dataFolder('ucr'), name);
  expect([set.train.count, set.test.count, set.steps, set.dimensions, set.classNames.length]).toEqual([
    ...[train, test, steps, dimensions, classes],
  ]);
  expect([set.equalLength, set.missing]).toEqual([true, false]);
  expect(histogram(set.train.labels, classes)).toEqual(inTrain);
  expect(histogram(set.test.labels, classes)).toEqual(inTest);
});

it('reads values in their places', async () => {
  const arrow = await loadUcr(dataFolder('ucr'), 'ArrowHead');
  expect(arrow.train.series[0]!.slice(0, 2)).toEqual(Float32Array.of(-1.9630089, -1.9578249));
  const motions = await loadUcr(dataFolder('ucr'), 'BasicMotions');
  expect(motions.train.series[0]!.length).toBe(600);
  // first dimension: every sixth value
  expect([0, 6, 12].map((k) => motions.train.series[0]![k])).toEqual([0.079106, 0.079106, -0.903497].map(Math.fround));
});

it('names the data sets that are there when another is asked for', async () => {
  await expect(loadUcr(dataFolder('ucr'), 'GunPoints')).rejects.toThrow(
    'the folder has ArrowHead, BasicMotions, GunPoint',
  );
});
