import { beforeAll, describe, expect, it } from 'vitest';
import { loadFsdd, loadSpeechCommands, MelFrontEnd, type Recordings, type Sound } from '../../datasets/index.ts';
import { dataFolder, histogram } from './folder.ts';

/** Recordings, samples in all, and the sum of their magnitudes as integers of 16 bits: Python's `wave` says the same. */
async function sums({ count, all }: Recordings<Sound>): Promise<[number, number, number]> {
  let [samples, magnitudes] = [0, 0];
  for await (const { item } of all()) {
    samples += item.samples.length;
    for (const x of item.samples) magnitudes += Math.abs(x * 32768);
  }
  return [count, samples, magnitudes];
}

describe('spoken digits', () => {
  let set: Awaited<ReturnType<typeof loadFsdd>>;
  beforeAll(async () => {
    set = await loadFsdd(dataFolder('fsdd'));
  });

  it('have their known counts and samples', async () => {
    expect(set.speakers).toEqual(['george', 'jackson', 'lucas', 'nicolas', 'theo', 'yweweler']);
    expect(histogram(set.train.labels, 10)).toEqual(new Array(10).fill(270));
    expect(histogram(set.test.labels, 10)).toEqual(new Array(10).fill(30));
    expect(await sums(set.train)).toEqual([2700, 9464394, 9046651275]);
    expect(await sums(set.test)).toEqual([300, 1034030, 985503309]);
  });

  it('have 500 recordings of each speaker to leave out', async () => {
    for (const speaker of set.speakers) {
      const { train, test } = await loadFsdd(dataFolder('fsdd'), { test: { speaker } });
      expect([train.count, test.count]).toEqual([2500, 500]);
      expect(histogram(test.labels, 10)).toEqual(new Array(10).fill(50));
    }
  });

  it('have the log-mel spectrum that librosa 0.11 gives', async () => {
    const { samples } = await set.train.read(set.train.paths.findIndex((path) => path.endsWith('/7_jackson_32.wav')));
    const { frames, bands, values } = new MelFrontEnd({ sampleRate: 8000 }).compute(samples);
    expect([samples.length, frames, bands]).toEqual([4301, 54, 40]);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean).toBeCloseTo(-40.34266, 3);
    expect(Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)).toBeCloseTo(14.903765, 3);
    [-57.57538, -57.336197, -56.762474].forEach((x, band) => {
      expect(values[10 * 40 + band]).toBeCloseTo(x, 3);
    });
    [-21.270468, -18.872814, -13.612642, -15.132743].forEach((x, band) => {
      expect(values[20 * 40 + band]).toBeCloseTo(x, 3);
    });
  });
});

describe('speech commands, ten clips of each word', () => {
  it('are parted by the lists', async () => {
    const set = await loadSpeechCommands(dataFolder('speech-commands'), { task: 'all' });
    expect([set.version, set.classes.length]).toEqual(['0.01', 30]);
    const parts = [set.train, set.validation, set.test];
    expect(parts.map(({ count }) => count)).toEqual([205, 44, 51]);
    const each = parts.map(({ labels }) => histogram(labels, 30));
    expect(each[0]!.map((n, c) => n + each[1]![c]! + each[2]![c]!)).toEqual(new Array(30).fill(10));
    // every clip is filled up to a second, so that only the magnitudes are those of the files
    const all = await Promise.all(parts.map(sums));
    expect(all.reduce((a, b) => a + b[2], 0)).toBe(4854947474);
    expect(all.reduce((a, b) => a + b[1], 0)).toBe(300 * 16000);
  });
});
