import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gunzipText } from '../../datasets/gunzip.ts';
import { loadDigits, parseDigitsCsv, split } from '../../datasets/index.ts';

const line = (label: number | string, pixel: number | string = 3): string =>
  `${Array(64).fill(pixel).join(',')},${label}`;

describe('loadDigits', () => {
  it('gives the 1,797 images of the UCI test set', async () => {
    const digits = await loadDigits();
    expect(digits).toMatchObject({ name: 'digits', width: 8, height: 8, classes: 10, count: 1797 });
    expect(digits.images).toHaveLength(1797 * 64);
    expect(digits.labels).toHaveLength(1797);
    // The class counts that the data set's own documentation states.
    const counts = Array<number>(10).fill(0);
    for (const label of digits.labels) counts[label] = (counts[label] ?? 0) + 1;
    expect(counts).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    // The first image: the top row of a zero.
    expect([...digits.images.slice(0, 8)]).toEqual([0, 0, 5, 13, 9, 1, 0, 0].map((value) => value / 16));
    expect(digits.labels[0]).toBe(0);
    expect(digits.images.reduce((a, b) => Math.min(a, b))).toBe(0);
    expect(digits.images.reduce((a, b) => Math.max(a, b))).toBe(1);
  });

  it('says so when the packed file is damaged', async () => {
    const packed = new Uint8Array(readFileSync('datasets/digits.csv.gz'));
    await expect(gunzipText(packed.slice(0, 30_000), 'digits.csv.gz')).rejects.toThrow(
      'digits.csv.gz: expected a whole gzip file of 30000 bytes; it is damaged, or cut short at byte 30000',
    );
    packed[20_000] = (packed[20_000] ?? 0) ^ 1;
    await expect(gunzipText(packed, 'digits.csv.gz')).rejects.toThrow('digits.csv.gz: expected a whole gzip file');
    await expect(gunzipText(new Uint8Array(0), 'empty')).rejects.toThrow('empty: expected a whole gzip file');
  });
});

describe('parseDigitsCsv', () => {
  it('reads values and labels, with either line ending and with or without a last one', () => {
    for (const text of [`${line(7, 16)}\n${line(0)}\n`, `${line(7, 16)}\r\n${line(0)}`]) {
      const { images, labels, count } = parseDigitsCsv(text);
      expect(count).toBe(2);
      expect([...labels]).toEqual([7, 0]);
      expect([images[0], images[63], images[64], images[127]]).toEqual([1, 1, 3 / 16, 3 / 16]);
    }
  });

  it.each([
    ['an empty file', '', 'expected at least one line of 65 values, got an empty file'],
    ['a short line', `${line(1)}\n1,2,3\n`, 'line 2: expected 65 columns (64 pixels and a label), got 3 columns'],
    ['a long line', `${line(1)},1`, 'line 1: expected 65 columns (64 pixels and a label), got 66 columns'],
    [
      'an empty line',
      `${line(1)}\n\n${line(1)}`,
      'line 2: expected 65 columns (64 pixels and a label), got an empty line',
    ],
    ['a fraction', line(1, 2.5), 'line 1, column 1: expected a pixel, an integer from 0 to 16, got "2.5"'],
    ['an empty value', line(''), 'line 1, column 65: expected a label, an integer from 0 to 9, got ""'],
    ['a word', line('seven'), 'line 1, column 65: expected a label, an integer from 0 to 9, got "seven"'],
    ['a hexadecimal number', line('0x1'), 'column 65: expected a label, an integer from 0 to 9, got "0x1"'],
    ['a bright pixel', line(1, 17), 'line 1, column 1: expected a pixel, an integer from 0 to 16, got "17"'],
    ['a negative pixel', line(1, -1), 'line 1, column 1: expected a pixel, an integer from 0 to 16, got "-1"'],
    [
      'a label beyond 9',
      `${line(1)}\n${line(10)}`,
      'line 2, column 65: expected a label, an integer from 0 to 9, got "10"',
    ],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseDigitsCsv(text)).toThrow(message);
  });
});

describe('split', () => {
  const sorted = (parts: Uint32Array[]): number[] => parts.flatMap((part) => [...part]).sort((a, b) => a - b);
  const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

  it('puts every item into exactly one part of the asked size', () => {
    const parts = split(1797, { fractions: [0.8, 0.2], seed: 1 });
    expect(parts.map((part) => part.length)).toEqual([1438, 359]);
    expect(sorted(parts)).toEqual(all(1797));
    const three = split(100, { fractions: [0.7, 0.2, 0.1], seed: 1 });
    expect(three.map((part) => part.length)).toEqual([70, 20, 10]);
    expect(sorted(three)).toEqual(all(100));
  });

  it('depends on the seed alone', () => {
    const once = split(50, { fractions: [0.5, 0.5], seed: 7 });
    expect(split(50, { fractions: [0.5, 0.5], seed: 7 })).toEqual(once);
    expect(split(50, { fractions: [0.5, 0.5], seed: '7' })).toEqual(once);
    expect(split(50, { fractions: [0.5, 0.5], seed: 8 })).not.toEqual(once);
    expect([...(once[0] ?? [])]).not.toEqual([...(once[0] ?? [])].sort((a, b) => a - b));
  });

  it('shares out every label evenly when labels are given', async () => {
    const { labels, count } = await loadDigits();
    const [train, test] = split(count, { fractions: [0.8, 0.2], seed: 3, labels }) as [Uint32Array, Uint32Array];
    expect([train.length, test.length]).toEqual([1438, 359]);
    expect(sorted([train, test])).toEqual(all(count));
    for (let label = 0; label < 10; label++) {
      const total = labels.filter((other) => other === label).length;
      const held = test.filter((item) => labels[item] === label).length;
      expect(Math.abs(held - 0.2 * total)).toBeLessThan(2);
    }
    // Neither part is left grouped by label.
    const changes = test.filter((item, i) => i > 0 && labels[item] !== labels[test[i - 1] as number]).length;
    expect(changes).toBeGreaterThan(200);
  });

  it('gives each of two parts its place in the shuffle with equal chance', () => {
    const hits = Array<number>(5).fill(0);
    for (let seed = 0; seed < 2000; seed++) {
      const held = split(5, { fractions: [0.8, 0.2], seed })[1]?.[0] as number;
      hits[held] = (hits[held] ?? 0) + 1;
    }
    // 400 expected each, with a standard deviation of 18.
    for (const hit of hits) expect(Math.abs(hit - 400)).toBeLessThan(90);
  });

  it.each([
    ['count 0', 0, [1], 1, undefined, 'count is 0, expected an integer of at least 1'],
    ['a broken count', 2.5, [1], 1, undefined, 'count is 2.5, expected an integer'],
    ['no fraction', 10, [], 1, undefined, 'fractions is [], expected a list'],
    ['fraction 0', 10, [1, 0], 1, undefined, 'fractions[1] is 0, expected a number above 0'],
    [
      'a negative fraction',
      10,
      [1.2, -0.2],
      1,
      undefined,
      'fractions[0] is 1.2, expected a number above 0 and at most 1',
    ],
    ['fraction NaN', 10, [Number.NaN, 0.5], 1, undefined, 'fractions[0] is NaN'],
    ['fractions beyond 1', 10, [0.8, 0.3], 1, undefined, 'expected 1'],
    ['fractions below 1', 10, [0.8, 0.1], 1, undefined, 'expected 1'],
    ['a part without items', 2, [0.9, 0.1], 1, undefined, 'fractions[1] = 0.1 of count 2 leaves a part empty'],
    ['seed NaN', 10, [0.5, 0.5], Number.NaN, undefined, 'seed is NaN'],
    ['too few labels', 10, [0.5, 0.5], 1, [1, 2], 'labels has 2 entries, expected count = 10'],
    ['label NaN', 2, [0.5, 0.5], 1, [1, Number.NaN], 'labels[1] is NaN'],
  ])('refuses %s', (_, count, fractions, seed, labels, message) => {
    expect(() => split(count, { fractions, seed, labels })).toThrow(message);
  });
});
