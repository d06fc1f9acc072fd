import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js';
import { describe, expect, it } from 'vitest';
import { loadFsdd } from '../../datasets/audio/fsdd.ts';
import { loadSpeechCommands, TEN_WORDS } from '../../datasets/audio/speech-commands.ts';
import { memoryFiles } from '../../datasets/files.ts';
import { wavFile } from '../support/wav.ts';

describe('spoken digits', () => {
  const names = ['ann', 'bob'].flatMap((who) => [0, 4, 5, 11].map((i) => `recordings/7_${who}_${i}.wav`));
  const files = memoryFiles(
    Object.fromEntries([...names.map((name, i) => [name, wavFile([i / 16, 0.5])]), ['README.md', '# digits']]),
  );

  it('have recordings 0 to 4 as their test part', async () => {
    const set = await loadFsdd(files);
    expect([set.rate, set.classes.length, set.speakers]).toEqual([8000, 10, ['ann', 'bob']]);
    expect(set.test.paths).toEqual([
      'recordings/7_ann_0.wav',
      'recordings/7_ann_4.wav',
      'recordings/7_bob_0.wav',
      'recordings/7_bob_4.wav',
    ]);
    expect(set.train.count).toBe(4);
    expect([...set.train.labels]).toEqual([7, 7, 7, 7]);
    // the paths are sorted, so that 11 stands before 5
    expect(await set.train.read(0)).toEqual({
      rate: 8000,
      samples: Float32Array.of(3 / 16, 0.5),
      digit: 7,
      speaker: 'ann',
    });
  });

  it('are tried on a speaker that is left out', async () => {
    const set = await loadFsdd(files, { test: { speaker: 'bob' } });
    expect(set.test.paths.every((path) => path.includes('bob'))).toBe(true);
    expect(set.train.paths.every((path) => path.includes('ann'))).toBe(true);
    expect([set.train.count, set.test.count]).toEqual([4, 4]);
    await expect(loadFsdd(files, { test: { speaker: 'bo' } })).rejects.toThrow("no speaker 'bo'; there are ann, bob");
  });

  it('may lie in an archive as it was published, in whatever folder', async () => {
    const zip = new ZipWriter(new Uint8ArrayWriter());
    for (const name of names) {
      const bytes = wavFile([names.indexOf(name) / 16, 0.5]);
      await zip.add(`spoken-digits-1.0/${name}`, new Uint8ArrayReader(bytes));
    }
    await zip.add('spoken-digits-1.0/README.md', new Uint8ArrayReader(new Uint8Array(5)));
    const archive = await zip.close();
    const set = await loadFsdd(memoryFiles({ 'v1.zip': archive }));
    expect([set.train.count, set.test.count]).toEqual([4, 4]);
    const found: number[] = [];
    for await (const { index, item } of set.train.all([3, 1])) found[index] = item.samples[0]! * 16;
    // numbers 1 and 3 of 11, 5 of ann and 11, 5 of bob
    expect([found[1], found[3]]).toEqual([2, 6]);
    await expect(loadFsdd(memoryFiles({ 'v1.zip': archive, 'v2.zip': archive }))).rejects.toThrow(
      'fsdd: expected one archive, got v1.zip, v2.zip',
    );
  });

  it('with other names, rates or no samples are refused by name', async () => {
    const one = async (name: string, bytes: Uint8Array) =>
      (await loadFsdd(memoryFiles({ [name]: bytes }))).train.read(0);
    await expect(one('7-ann-9.wav', wavFile([0]))).rejects.toThrow(
      '7-ann-9.wav: expected a name of the form DIGIT_SPEAKER',
    );
    await expect(one('7_a_9.wav', wavFile([0], { rate: 16000 }))).rejects.toThrow(
      'expected 8000 samples a second, got 16000',
    );
    await expect(one('7_a_9.wav', wavFile([]))).rejects.toThrow('7_a_9.wav: there are no samples');
    await expect(one('7_a_9.wav', wavFile([0, 1]).subarray(0, 46))).rejects.toThrow('7_a_9.wav: byte 36: ');
    await expect(one('a.txt', wavFile([0]))).rejects.toThrow('fsdd: expected its files or an archive of them');
  });
});

describe('speech commands', () => {
  const clip = (path: string): [string, Uint8Array] => [path, wavFile([path.length / 256, 0.5], { rate: 16000 })];
  const words = ['yes', 'no', 'bed', 'cat', 'dog'];
  const speakers = Array.from({ length: 20 }, (_, i) => `${i}_nohash_0`);
  const clips = words.flatMap((word) => speakers.map((who) => `${word}/${who}.wav`));
  const noise = wavFile(
    Float32Array.from({ length: 20000 }, (_, i) => (i % 2 ? 0.5 : -0.5)),
    { rate: 16000 },
  );
  const lists = {
    'validation_list.txt': words.map((word) => `${word}/0_nohash_0.wav\n`).join(''),
    'testing_list.txt': words.flatMap((word) => [`${word}/1_nohash_0.wav\n`, `${word}/2_nohash_0.wav\n`]).join(''),
  };
  const contents = {
    ...Object.fromEntries(clips.map(clip)),
    ...lists,
    '_background_noise_/hum.wav': noise,
    LICENSE: '',
  };
  const files = memoryFiles(contents);

  it('are parted by the lists, every word a class', async () => {
    const set = await loadSpeechCommands(files, { task: 'all' });
    expect(set.classes).toEqual(['bed', 'cat', 'dog', 'no', 'yes']);
    expect([set.train.count, set.validation.count, set.test.count]).toEqual([85, 5, 10]);
    expect(set.validation.paths).toEqual([
      'bed/0_nohash_0.wav',
      'cat/0_nohash_0.wav',
      'dog/0_nohash_0.wav',
      'no/0_nohash_0.wav',
      'yes/0_nohash_0.wav',
    ]);
    expect([...set.validation.labels]).toEqual([0, 1, 2, 3, 4]);
    expect(set.version).toBe('0.01');
    const { rate, samples } = await set.test.read(0);
    expect([rate, samples.length, samples[1], samples[2]]).toEqual([16000, 16000, 0.5, 0]);
  });

  it('have ten words, others and silence, the same for the same seed', async () => {
    const set = await loadSpeechCommands(files, { unknown: 0.2, silence: 0.5 });
    expect(set.classes).toEqual([...TEN_WORDS, 'unknown', 'silence']);
    const counts = (labels: Uint32Array): number[] => set.classes.map((_, c) => labels.filter((l) => l === c).length);
    // 34 clips of yes and no in training, 4 in the test
    expect(counts(set.train.labels)).toEqual([17, 17, 0, 0, 0, 0, 0, 0, 0, 0, 7, 17]);
    expect(counts(set.test.labels)).toEqual([2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    expect(set.notes).toEqual(['there are no clips of up, down, left, right, on, off, stop, go']);
    const again = await loadSpeechCommands(files, { unknown: 0.2, silence: 0.5 });
    expect(again.train.paths).toEqual(set.train.paths);
    const other = await loadSpeechCommands(files, { unknown: 0.2, silence: 0.5, seed: 1 });
    expect(other.train.paths).not.toEqual(set.train.paths);
    // other words stay in their own part
    const named = (name: string): string => name.split('/')[1]!;
    expect(set.test.paths.filter((p) => !p.startsWith('_')).every((p) => /^[12]_/.test(named(p)))).toBe(true);
    const quiet = [...set.train.labels.keys()].filter((i) => set.train.labels[i] === 11);
    const seconds = new Map<number, Float32Array>();
    for await (const { index, item } of set.train.all(quiet)) seconds.set(index, item.samples);
    expect([...seconds.keys()].sort((a, b) => a - b)).toEqual(quiet);
    const loud = [...seconds.values()].map((s) => Math.abs(s[0]!) * 2);
    expect(new Set(loud).size).toBe(17);
    expect(loud.every((v) => v > 0 && v < 1)).toBe(true);
    expect((await set.train.read(quiet[3]!)).samples).toEqual(seconds.get(quiet[3]!));
  });

  it('without background noise have no silence, and say so', async () => {
    const { '_background_noise_/hum.wav': _, ...rest } = contents;
    const set = await loadSpeechCommands(memoryFiles(rest));
    expect(set.notes[0]).toBe("there is no folder _background_noise_, so that the class 'silence' has no clips");
    expect(set.train.labels.every((label) => label < 11)).toBe(true);
  });

  it('whose lists do not fit are refused by list and line', async () => {
    const changed = (list: keyof typeof lists, content: string) =>
      loadSpeechCommands(memoryFiles({ ...contents, [list]: content }));
    await expect(changed('validation_list.txt', 'yes/0_nohash_0.wav\nyes/nobody.wav\n')).rejects.toThrow(
      "validation_list.txt: line 2: there is no clip 'yes/nobody.wav'",
    );
    await expect(changed('testing_list.txt', 'yes/0_nohash_0.wav')).rejects.toThrow(
      'yes/0_nohash_0.wav is in both lists',
    );
    const { 'validation_list.txt': _, ...rest } = contents;
    await expect(loadSpeechCommands(memoryFiles(rest))).rejects.toThrow('expected validation_list.txt');
    await expect(loadSpeechCommands(memoryFiles(lists))).rejects.toThrow('there is no clip');
    await expect(loadSpeechCommands(files, { task: 'some' as 'all' })).rejects.toThrow("task must be 'ten' or 'all'");
    await expect(loadSpeechCommands(files, { unknown: -1 })).rejects.toThrow(
      'unknown must be a number from 0 on, got -1',
    );
  });

  it('of another rate or damaged are refused by name', async () => {
    const bad = await loadSpeechCommands(
      memoryFiles({ ...contents, 'yes/5_nohash_0.wav': wavFile([0]), 'yes/6_nohash_0.wav': noise.subarray(0, 99) }),
    );
    const at = (name: string): number => bad.train.paths.indexOf(name);
    await expect(bad.train.read(at('yes/5_nohash_0.wav'))).rejects.toThrow('expected 16000 samples a second, got 8000');
    await expect(bad.train.read(at('yes/6_nohash_0.wav'))).rejects.toThrow(/^yes\/6_nohash_0.wav: byte 36: /);
  });
});
