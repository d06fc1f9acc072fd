import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadUcr, memoryFiles, parseTs, seriesLoader, seriesStatistics } from '../../datasets/index.ts';

const header = (lines: string[]): string =>
  [
    '# made for this test',
    '@problemName Made',
    '@timeStamps false',
    '@classLabel true a b',
    ...lines,
    '@data',
    '',
  ].join('\n');
const two = header(['@univariate false', '@dimensions 2', '@missing true', '@equalLength false']);

describe('parseTs', () => {
  it('reads cases of several dimensions, of different lengths, with values missing', () => {
    const { problem, classNames, dimensions, series, labels, missing } = parseTs(
      `${two}1,2,3:-1,?,-3e0:b\r\n\r\n# a comment\r\n5:NaN : a \n`,
      'x.ts',
    );
    expect([problem, classNames, dimensions, missing, [...labels]]).toEqual(['Made', ['a', 'b'], 2, true, [1, 0]]);
    expect(series.map((s) => [...s])).toEqual([
      [1, -1, 2, Number.NaN, 3, -3],
      [5, Number.NaN],
    ]);
  });

  it('reads targets of a regression problem', () => {
    const { labels, targets, classNames } = parseTs(
      '@problemName R\n@univariate true\n@targetlabel true\n@data\n1,2:0.5\n3:-2\n',
      'x',
    );
    expect([labels.length, [...targets!], classNames]).toEqual([0, [0.5, -2], []]);
  });

  const uni = header(['@univariate true', '@equalLength true', '@seriesLength 3', '@missing false']);
  it.each([
    [
      'a page of another kind',
      '<html>\n</html>',
      "x.ts: line 1: expected a key such as @problemName before @data, got '<html>'",
    ],
    ['no data', '@problemName X\n', 'x.ts: cut short, or no .ts file: 2 lines and no @data among them'],
    ['no case', uni, 'x.ts: no cases after @data'],
    [
      'an unknown key',
      '@problemName X\n@univariat true\n@data',
      'x.ts: line 2: there is no key @univariat; did you mean',
    ],
    ['a flag that is none', '@missing yes\n@data', "x.ts: line 1: @missing expected true or false, got 'yes'"],
    ['a size that is none', '@seriesLength 0\n@data', "line 1: @seriesLength expected a whole number above 0, got '0'"],
    ['time stamps', '@timeStamps true\n@data', 'line 1: values with time stamps are not read'],
    ['no class list', '@classLabel true\n@data', 'line 1: @classLabel true expected the classes after it'],
    ['neither class nor target', '@problemName X\n@data\n1:a', 'neither @classLabel true nor @targetLabel true'],
    ['another length', `${uni}1,2,3:a\n1,2:b\n`, 'x.ts: line 11: expected 3 values, since @equalLength is true, got 2'],
    ['an unknown class', `${uni}1,2,3:c`, "x.ts: line 10: there is no class 'c'"],
    [
      'a line cut short',
      `${uni}1,2,3:a\n1,2`,
      "x.ts: line 11: expected dimensions and a class separated by ':', got none",
    ],
    ['a word', `${uni}1,two,3:a`, "x.ts: line 10, dimension 1, value 2: expected a number or ?, got 'two'"],
    ['nothing between commas', `${uni}1,,3:a`, "line 10, dimension 1, value 2: expected a number or ?, got ''"],
    [
      'a missing value against the header',
      `${uni}1,?,3:a`,
      'dimension 1, value 2: is missing, and the header says @missing false',
    ],
    ['a dimension too many', `${uni}1,2,3:1,2,3:a`, 'line 10: expected 1 dimension and a class, got 2'],
    ['dimensions of different length', `${two}1,2:1:a`, 'dimension 2 has 1 values, dimension 1 has 2'],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseTs(text, 'x.ts')).toThrow(message);
  });
});

describe('loadUcr', () => {
  const train = `${two}0,2,4,6:1,1,1,1:a\n2:1:b\n`;
  const test = `${two}1,?,?,4,?:?,1,1,1,1:b\n`;
  const files = { 'Made_TRAIN.ts': train, 'Made_TEST.ts.gz': gzipSync(test) };

  it('reads both parts, from the folder or from one of its own', async () => {
    const set = await loadUcr(memoryFiles(files), 'Made');
    expect(set).toMatchObject({
      name: 'Made',
      classNames: ['a', 'b'],
      dimensions: 2,
      steps: 5,
      equalLength: false,
      missing: true,
    });
    expect([...set.train.lengths, ...set.test.lengths]).toEqual([4, 1, 5]);
    const below = memoryFiles(Object.fromEntries(Object.entries(files).map(([n, v]) => [`Made/${n}`, v])));
    expect(await loadUcr(below, 'Made')).toEqual(set);
    await expect(loadUcr(memoryFiles(files), 'Maid')).rejects.toThrow(
      'expected Maid_TRAIN.ts, Maid/ or Maid.zip; the folder has Made',
    );
    const other = header(['@univariate true']);
    await expect(loadUcr(memoryFiles({ ...files, 'Made_TRAIN.ts': `${other}1:a` }), 'Made')).rejects.toThrow(
      '1 dimensions in training, 2 in the test part',
    );
  });

  it('gives batches, standardized by the training part, with missing values filled', async () => {
    const set = await loadUcr(memoryFiles(files), 'Made');
    const statistics = seriesStatistics(set.train);
    // 0, 2, 4, 6, 2 and a dimension that never changes
    expect(statistics.mean).toEqual([2.8, 1]);
    expect(statistics.deviation[0]).toBeCloseTo(2.0396, 4);
    expect(statistics.deviation[1]).toBe(1);
    const filled = async (missing: 'linear' | 'last' | number) =>
      [...(await seriesLoader(set.test, { missing }).batch([0])).values].filter((_, k) => k % 2 === 0);
    expect(await filled('linear')).toEqual([1, 2, 3, 4, 4]);
    expect(await filled('last')).toEqual([1, 1, 1, 4, 4]);
    expect(await filled(-1)).toEqual([1, -1, -1, 4, -1]);
    const loader = seriesLoader(set.train, { steps: set.steps, standardize: statistics });
    const { values, lengths, labels, shape } = await loader.batch([1, 0]);
    expect([...shape, ...lengths!, ...labels]).toEqual([5, 2, 2, 1, 4, 1, 0]);
    expect(values[0]).toBeCloseTo((2 - 2.8) / 2.0396, 4);
    expect(() => seriesLoader(set.train, { missing: 'zero' as never })).toThrow(
      "missing must be 'linear', 'last' or a number, got zero",
    );
  });
});
