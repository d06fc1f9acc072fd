import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { assertClose, assertEqual, assertThrows } from './harness/assert.ts';
import { chromeRunner } from './harness/chrome.ts';
import { dawnRunner } from './harness/dawn-runner.ts';
import type { CaseRunner } from './harness/runner.ts';

// The harness itself: a failing case fails alone, says where and why, and the case after it runs.

const files = [fileURLToPath(new URL('./harness/fixtures/broken.ts', import.meta.url))];
const dawn = process.env.SPIKETAPE_TEST_RUNTIME === 'dawn';

const runners: [string, () => CaseRunner][] = dawn
  ? [['Dawn', () => dawnRunner({ files })]]
  : [
      ['Chrome', () => chromeRunner({ worker: false, files })],
      ['a worker', () => chromeRunner({ worker: true, files })],
    ];

describe.each(runners)('failing cases in %s', (_, make) => {
  const runner = make();
  afterAll(() => runner.close());

  it('says where in the sources a case threw, and what it logged', async () => {
    const error = await assertThrows(() => runner.run('throws', 10_000), /^value\[2\]\.a: got 3, expected 4$/m);
    expect(error.message).toMatch(/at deep \(test\/gpu\/harness\/fixtures\/broken\.ts:8:3\)/);
    expect(error.message).toContain('seen before the failure {"a":1}');
    await runner.run('passes', 10_000);
  });

  it('ends a case that loops or never settles', async () => {
    const error = await assertThrows(() => runner.run('loops', 1_500), /"loops" did not end within 1.5 s/);
    expect(error.message).toContain('about to loop');
    await assertThrows(() => runner.run('never settles', 500), /did not end within 0.5 s/);
    await runner.run('passes', 10_000);
  });

  it('fails a case that leaves a rejection unhandled or rejects with something else than an error', async () => {
    await assertThrows(() => runner.run('leaves a rejection', 10_000), /nobody caught me/);
    await assertThrows(() => runner.run('rejects with text', 10_000), /only text/);
    await assertThrows(() => runner.run('no such case', 10_000), /no GPU case has the name "no such case"/);
    await runner.run('passes', 10_000);
  });
});

describe('assertions', () => {
  it('compare deeply and name the first difference', () => {
    assertEqual({ a: [1, Number.NaN] }, { a: [1, Number.NaN] });
    expect(() => assertEqual([0], [-0])).toThrow('value[0]: got 0, expected -0');
    expect(() => assertEqual(new Float32Array(1), [0])).toThrow('got a Float32Array, expected a Array');
    expect(() => assertEqual({ a: 1 }, { a: 1, b: 2 }, 'options')).toThrow('options.b: got undefined, expected 2');
  });

  it('measure differences against the largest magnitude', () => {
    expect(assertClose([1, 100.005], [1, 100])).toBeCloseTo(5e-5);
    expect(() => assertClose([1, 100.02], [1, 100])).toThrow('values[1] of 2: got 100.02, expected 100');
    expect(() => assertClose([Number.NaN], [Number.NaN])).toThrow('values[0]: got NaN');
    expect(() => assertClose([1], [1, 2])).toThrow('got 1 numbers, expected 2');
    expect(() => assertClose([1e-9], [0])).toThrow('exceeds');
    assertClose([1e-9], [0], { absolute: 1e-8 });
  });

  it('expect errors', async () => {
    await assertThrows(() => Promise.reject(new Error('abc')), /b/);
    await expect(assertThrows(() => 3, /x/)).rejects.toThrow('nothing was thrown; the result was 3');
    await expect(assertThrows(() => Promise.reject(new Error('abc')), /x/)).rejects.toThrow('got: abc');
  });
});
