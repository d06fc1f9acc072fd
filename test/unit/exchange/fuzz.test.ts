import { describe, expect, it } from 'vitest';
import { campaign } from '../../fuzz/campaign.ts';
import { memoryHeld } from '../../fuzz/memory.ts';
import { mutantOf } from '../../fuzz/mutant.ts';
import { anyBytes } from '../../fuzz/mutators/bytes.ts';
import { megabytes, type Target, way } from '../../fuzz/target.ts';
import { targets } from '../../fuzz/targets.ts';

/** Fewer of the readers that take longer; `npm run fuzz` gives each as many as one likes. */
const files = ({ milliseconds }: Target): number => (milliseconds > 1000 ? 40 : milliseconds > 200 ? 100 : 300);

describe('damaged and hostile files are read or refused with an error that names the place', () => {
  // ten times its time: tests run beside each other
  it.each([...targets])('%s', { timeout: 60_000 }, async (_, target) => {
    const { failed, counts } = await campaign(target, { seed: 7, files: files(target), patience: 10 });
    expect(failed.map(({ index, what }) => `mutant ${index}: ${what}`)).toEqual([]);
    // the mutants are neither all the same nor all harmless
    expect([...counts.keys()].filter((what) => what.startsWith('refused')).length).toBeGreaterThan(5);
  });
});

describe('a campaign notices', () => {
  const reader = (read: (bytes: Uint8Array) => unknown, more: Partial<Target> = {}): Target => ({
    name: 'planted',
    milliseconds: 20,
    bound: () => megabytes(1),
    says: /^planted: byte \d+/,
    seeds: async () => [Uint8Array.from({ length: 64 }, (_, i) => i)],
    makes: [way('bytes', 1, anyBytes)],
    read: (bytes) => (bytes.length === 64 && bytes.every((byte, i) => byte === i) ? 'whole' : read(bytes)),
    ...more,
  });
  const failures = async (target: Target, memory?: () => number[]): Promise<string> => {
    const { failed } = await campaign(target, { seed: 1, files: 3, patience: 1, ...(memory ? { memory } : {}) });
    return failed.map(({ what }) => what).join('; ');
  };
  const wait = (milliseconds: number): void => {
    for (const end = performance.now() + milliseconds; performance.now() < end; );
  };

  it('nothing in a reader that refuses as it should', async () => {
    const good = reader(() => {
      throw new Error('planted: byte 3 is wrong');
    });
    expect(await failures(good)).toBe('');
  });

  it.each<[string, () => unknown, string]>([
    ['an error of the runtime', () => (null as unknown as { x: number }).x, 'threw a TypeError'],
    [
      'one that is wrapped',
      () => {
        throw new Error('planted: byte 1: Invalid array length');
      },
      'says what the runtime says',
    ],
    [
      'a message without a place',
      () => {
        throw new Error('something is wrong');
      },
      'does not say where',
    ],
    [
      'what is no error',
      () => {
        throw 'text';
      },
      'threw what is no Error',
    ],
    ['a rejection of the runtime', () => Promise.reject(new RangeError('x')), 'threw a RangeError'],
    ['what takes too long', () => wait(60), 'ms, 20 allowed'],
  ])('%s', async (_, read, what) => {
    expect(await failures(reader(read))).toContain(what);
  });

  it('what was read and is wrong', async () => {
    const wrong = (value: unknown): string | null => (value === 'whole' ? null : 'it is half a file');
    expect(await failures(reader(() => 'half', { wrong }))).toContain('was read, but it is half a file');
  });

  it('memory beyond the bound', async () => {
    const held: Float32Array[] = [];
    const hungry = reader(() => void held.push(new Float32Array(4e6)));
    expect(await failures(hungry, memoryHeld)).toMatch(/took 15\.\d MiB for \d+ bytes, 1\.0 MiB allowed/);
  });

  it('makes the same mutants of the same seed, and others of another', async () => {
    const target = targets.get('safetensors')!;
    const seeds = await target.seeds();
    const some = async (seed: number): Promise<string> => {
      const mutants = await Promise.all([0, 1, 2, 3].map((index) => mutantOf(target, seeds, seed, index)));
      return mutants.map(({ bytes, how }) => `${how} ${bytes.join()}`).join();
    };
    expect(await some(1)).toBe(await some(1));
    expect(await some(1)).not.toBe(await some(2));
  });
});
