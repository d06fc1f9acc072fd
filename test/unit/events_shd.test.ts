import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { binTrain, loadHeidelberg } from '../../datasets/events/shd.ts';
import { memoryFiles } from '../../datasets/files.ts';

/**
 * Made with h5py 3.16 in the layout of the published files (times as lists of binary16, units of uint16): recording i has
 * 3 + i spikes, the k-th at (k + 1) / 16 + i / 128 seconds in channel (100 i + 37 k) mod 700.
 */
const made = new Uint8Array(readFileSync(new URL('../fixtures/shd_made.h5', import.meta.url)));

/** A file with these datasets, written by the library that reads them. */
async function written(datasets: Record<string, Uint16Array | string[]>): Promise<Uint8Array> {
  const library = await import('h5wasm');
  const { FS } = await library.ready;
  const file = new library.File('/written.h5', 'w');
  for (const [path, data] of Object.entries(datasets)) {
    const [group, name] = path.includes('/') ? path.split('/') : ['', path];
    const place = group ? (file.keys().includes(group) ? file.get(group) : file.create_group(group)) : file;
    (place as InstanceType<typeof library.Group>).create_dataset({ name: name!, data });
  }
  file.flush();
  file.close();
  return FS.readFile('/written.h5');
}

describe('spiking Heidelberg digits', () => {
  it('are read with labels, speakers and names of classes', async () => {
    const set = await loadHeidelberg(memoryFiles({ 'shd_train.h5': made, 'shd_test.h5.gz': gzipSync(made) }), 'shd');
    expect(set.classes).toHaveLength(20);
    expect([set.classes[0], set.classes[11]]).toEqual(['zero', 'eins']);
    expect(set.validation).toBeNull();
    for (const part of [set.train, set.test]) {
      expect([part.count, part.channels]).toEqual([4, 700]);
      expect([...part.labels]).toEqual([0, 3, 11, 19]);
      expect([...part.speakers!]).toEqual([1, 2, 3, 1]);
      for (let i = 0; i < 4; i++) {
        const spikes = Array.from({ length: 3 + i }, (_, k) => k);
        const { times, units } = part.spikes(i);
        expect(Array.from(times)).toEqual(spikes.map((k) => (k + 1) / 16 + i / 128));
        expect([...units]).toEqual(spikes.map((k) => (100 * i + 37 * k) % 700));
      }
    }
  });

  it('of commands have a validation part', async () => {
    const files = memoryFiles({ 'ssc_train.h5': made, 'ssc_valid.h5': made, 'ssc_test.h5': made });
    expect((await loadHeidelberg(files, 'ssc')).validation?.count).toBe(4);
    await expect(loadHeidelberg(memoryFiles({ 'ssc_train.h5': made }), 'ssc')).rejects.toThrow(
      'expected ssc_valid.h5 or ssc_valid.h5.gz or ssc_valid.h5.zip; the folder has ssc_train.h5',
    );
  });

  it('become steps: bits or counts of neighbouring channels', async () => {
    const { train } = await loadHeidelberg(memoryFiles({ 'shd_train.h5': made, 'shd_test.h5': made }), 'shd');
    // recording 1: channels 100, 137, 174, 211 at 0.0703, 0.1328, 0.1953, 0.2578 s
    const { steps, inputs, values, outside } = binTrain(train, 1, { steps: 2, stepLength: 0.125, downsample: 100 });
    expect([steps, inputs, outside]).toEqual([2, 7, 1]);
    expect([...values]).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
    const counts = binTrain(train, 1, { steps: 2, stepLength: 0.125, downsample: 100, values: 'counts' });
    expect([...counts.values]).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0]);
    // channels that are left over are one group more
    expect(binTrain(train, 1, { steps: 1, downsample: 300 }).inputs).toBe(3);
    expect(() => binTrain(train, 4, { steps: 1 })).toThrow('shd_train.h5: there is no recording 4, expected 0 to 3');
    expect(() => binTrain(train, 0, { steps: 1, downsample: 0 })).toThrow(
      'downsample must be a whole number in 1..700',
    );
    expect(() => binTrain(train, 0, { steps: 1, stepLength: 0 })).toThrow('stepLength must be a number of seconds');
  });

  const broken = (bytes: Uint8Array) =>
    loadHeidelberg(memoryFiles({ 'shd_train.h5': bytes, 'shd_test.h5': made }), 'shd');

  it('that are cut short or no HDF5 are refused by name', async () => {
    await expect(broken(made.subarray(0, 3000))).rejects.toThrow(
      'shd_train.h5: expected a whole HDF5 file, got 3000 bytes: it is damaged or cut short',
    );
    await expect(broken(new TextEncoder().encode('<html>'))).rejects.toThrow('byte 0: it does not begin like one');
  });

  it('that lack something are refused by file and dataset', async () => {
    const labels = new Uint16Array([1, 2]);
    await expect(broken(await written({ labels }))).rejects.toThrow(
      "shd_train.h5: expected the dataset 'spikes/times'; there is none",
    );
    const plain = { labels, 'spikes/times': labels, 'spikes/units': labels };
    await expect(broken(await written(plain))).rejects.toThrow("'spikes/times' must hold lists of unequal length");
    await expect(broken(await written({ ...plain, 'spikes/times': new Uint16Array(3) }))).rejects.toThrow(
      "'spikes/times' has 3 rows, expected one for each of 2 labels",
    );
    await expect(broken(await written({ labels: ['a'] }))).rejects.toThrow("'labels' must hold numbers");
  });

  it('with a channel that cannot be are refused by recording and spike', async () => {
    // the first spike's channel, 137 of recording 1, becomes 60000; it stands in the file once, between 100 and 174
    const changed = made.slice();
    const at = changed.findIndex(
      (_, i) => changed[i] === 100 && changed[i + 1] === 0 && changed[i + 2] === 137 && changed[i + 4] === 174,
    );
    changed.set([0x60, 0xea], at + 2);
    await expect(broken(changed)).rejects.toThrow(
      'shd_train.h5: recording 1: spike 1 is of channel 60000, expected 0 to 699',
    );
  });
});
