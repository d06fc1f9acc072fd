import { describe, expect, it } from 'vitest';
import { Adam, Dataset, Engine, fit as fitNet, Linear, loss, Sequential, type Snapshot } from '../../src/index.ts';
import { decodeSafetensors } from '../../src/io/safetensors.ts';
import { type CheckpointStore, Checkpoints, decodeSnapshot, encodeSnapshot } from '../../src/runs/index.ts';
import { Float32Device } from '../support/float32_device.ts';

// Snapshots as files: to the bit, the last ones and the best, and never fewer whole ones than before.

const [count, K] = [6, 2];
const set = new Dataset({
  steps: 1,
  inputs: K,
  values: Float32Array.from({ length: count * K }, (_, i) => Math.sin(3 * i)),
  labels: Array.from({ length: count }, (_, i) => i % 2),
});

async function snapshots(epochs: number): Promise<Snapshot[]> {
  const all: Snapshot[] = [];
  await fitNet(new Engine(new Float32Device()), new Sequential(new Linear(K, 2)), set, {
    loss: loss.ceMean(),
    optimizer: new Adam({ lr: 0.1 }),
    epochs,
    batchSize: 2,
    validation: set,
    checkpoint: { save: (s) => void all.push(s) },
  });
  return all;
}

/** Files in memory. */
class MemoryStore implements CheckpointStore {
  readonly files = new Map<string, Uint8Array>();
  readonly log: string[] = [];
  full = false;

  async write(path: string, content: Uint8Array): Promise<void> {
    if (this.full) throw new Error(`${path}: no space left`);
    this.files.set(path, content);
    this.log.push(`write ${path}`);
  }

  async read(path: string): Promise<Uint8Array> {
    const file = this.files.get(path);
    if (!file) throw new Error(`${path}: there is no such file`);
    return file;
  }

  async list(folder = '.'): Promise<string[]> {
    const start = folder === '.' ? '' : `${folder}/`;
    const names = [...this.files.keys()].filter((p) => p.startsWith(start)).map((p) => p.slice(start.length));
    if (names.length === 0 && start) throw new Error(`${folder}: there is no such folder`);
    return [...new Set(names.map((p) => (p.includes('/') ? p.slice(0, p.indexOf('/') + 1) : p)))].sort();
  }

  async remove(path: string): Promise<void> {
    this.files.delete(path);
    this.log.push(`remove ${path}`);
  }
}

const scored = (snapshot: Snapshot, accuracies: readonly number[]): Snapshot => ({
  ...snapshot,
  epochs: accuracies.map((accuracy) => {
    const [epoch] = snapshot.epochs;
    return { ...epoch!, validation: { ...epoch!.validation!, accuracy } };
  }),
});

describe('the file', () => {
  it('has every number to the bit, also those that JSON does not have', async () => {
    const [snapshot] = await snapshots(1);
    const odd = Float32Array.of(-0, 1e-45, 3.4e38, 0.1);
    const whole: Snapshot = {
      ...snapshot!,
      seconds: 0.1 + 0.2,
      sums: {
        steps: { ...snapshot!.sums.steps, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, loss: -0 },
        norms: { count: 1, sum: Number.MIN_VALUE, largest: Number.NaN },
      },
      parameters: { ...snapshot!.parameters, '0.weight': odd },
      best: { epoch: 1, value: 1 / 3, parameters: { ...snapshot!.parameters, '0.weight': odd } },
    };
    const read = decodeSnapshot(encodeSnapshot(whole));
    expect(read).toEqual(whole);
    expect(Object.is(read.sums.steps.loss, -0)).toBe(true);
    expect(Object.is(read.parameters['0.weight']![0], -0)).toBe(true);
    // other tools find the parameters under their names
    const { tensors } = decodeSafetensors(encodeSnapshot(whole));
    expect(tensors.get('0.weight')).toMatchObject({ dtype: 'F32', shape: [2, 2] });
    expect([...tensors.keys()].sort()).toEqual([...['0.bias', '0.weight', 'best/0.bias', 'best/0.weight', 'moments']]);
  });

  it('does not grow with the epochs by their predictions', async () => {
    const all = await snapshots(3);
    const { epochs } = decodeSnapshot(encodeSnapshot(all.at(-1)!));
    expect(epochs.map((e) => e.validation!.predictions.length)).toEqual([0, 0, count]);
    expect(epochs.map((e) => e.validation!.accuracy)).toEqual(all.at(-1)!.epochs.map((e) => e.validation!.accuracy));
  });

  it('is refused when it is damaged, cut off, or something else', async () => {
    const bytes = encodeSnapshot((await snapshots(1))[0]!);
    for (const at of [bytes.length - 3, 40, 200]) {
      const damaged = bytes.slice();
      damaged[at]! ^= 4;
      expect(() => decodeSnapshot(damaged)).toThrow();
    }
    expect(() => decodeSnapshot(bytes.subarray(0, bytes.length - 1))).toThrow();
    const other = encodeSnapshot({ ...(await snapshots(1))[0]!, version: 2 as 1 });
    expect(() => decodeSnapshot(other)).toThrow(/the snapshot has version 2, this library reads version 1/);
  });
});

describe('Checkpoints', () => {
  it('keeps the last and the best, and removes an older one after the new one is there', async () => {
    const store = new MemoryStore();
    const checkpoints = new Checkpoints(store, { folder: 'a/b', keep: 2, everyMinutes: 1e-9 });
    const [snapshot] = await snapshots(1);
    for (const accuracies of [[0.5], [0.5, 0.7], [0.5, 0.7, 0.7], [0.5, 0.7, 0.7, 0.6]])
      await checkpoints.option.save(scored(snapshot!, accuracies), 'epoch');
    await checkpoints.option.save(scored(snapshot!, [0.5, 0.7, 0.7, 0.6]), 'time');
    expect(store.log).toEqual([
      ...['write a/b/best.safetensors', 'write a/b/000001.safetensors'],
      ...['write a/b/best.safetensors', 'write a/b/000002.safetensors'],
      ...['write a/b/000003.safetensors', 'remove a/b/000001.safetensors'],
      ...['write a/b/000004.safetensors', 'remove a/b/000002.safetensors'],
      ...['write a/b/000005.safetensors', 'remove a/b/000003.safetensors'],
    ]);
    expect((await checkpoints.bestSnapshot())!.snapshot.epochs).toHaveLength(2);
    expect((await checkpoints.latest())!.name).toBe('a/b/000005.safetensors');
    // a run that is resumed goes on counting
    await new Checkpoints(store, { folder: 'a/b' }).option.save(snapshot!, 'abort');
    expect([...store.files.keys()].sort()).toEqual([
      ...['a/b/000004.safetensors', 'a/b/000005.safetensors', 'a/b/000006.safetensors', 'a/b/best.safetensors'],
    ]);
  });

  it('writes short epochs only when it is time, but every stop and the end', async () => {
    const store = new MemoryStore();
    const { option } = new Checkpoints(store, { best: null });
    const [snapshot] = await snapshots(1);
    for (const why of ['epoch', 'epoch', 'time', 'epoch', 'abort', 'end'] as const) await option.save(snapshot!, why);
    expect(store.log.filter((line) => line.startsWith('write'))).toEqual([
      ...[1, 2, 3].map((n) => `write checkpoints/00000${n}.safetensors`),
    ]);
    expect(option.every).toBe(300);
  });

  it('keeps the best by the loss, or by what training says where there is no validation', async () => {
    const store = new MemoryStore();
    const { option } = new Checkpoints(store, { best: 'loss' });
    const [snapshot] = await snapshots(1);
    const { validation: _, ...epoch } = snapshot!.epochs[0]!;
    const unscored = (...losses: number[]): Snapshot => ({
      ...snapshot!,
      epochs: losses.map((l) => ({ ...epoch, validation: null, loss: l })),
    });
    for (const losses of [[3], [3, 2], [3, 2, 2.5], [3, 2, 2.5, Number.NaN]])
      await option.save(unscored(...losses), 'epoch');
    expect(store.log).toEqual(['write checkpoints/best.safetensors', 'write checkpoints/best.safetensors']);
  });

  it('takes the newest that is whole, and names the damaged ones', async () => {
    const store = new MemoryStore();
    const said: string[] = [];
    const checkpoints = new Checkpoints(store, { onWarning: (text) => void said.push(text) });
    expect(await checkpoints.latest()).toBeNull();
    expect(await checkpoints.bestSnapshot()).toBeNull();
    for (const snapshot of await snapshots(3)) await checkpoints.option.save(snapshot, 'time');
    store.files.get('checkpoints/000003.safetensors')![300]! ^= 1;
    store.files.set('checkpoints/000002.safetensors', store.files.get('checkpoints/000002.safetensors')!.subarray(9));
    const { name, snapshot } = (await checkpoints.latest())!;
    expect(name).toBe('checkpoints/000001.safetensors');
    expect(snapshot.epochs).toHaveLength(1);
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/checkpoints\/000003\.safetensors: .*; 000002\.safetensors, the one before it, is taken/);
    store.files.get('checkpoints/000001.safetensors')![300]! ^= 1;
    await expect(checkpoints.latest()).rejects.toThrow(/no checkpoint is whole:\n.*000003.*\n.*000002.*\n.*000001/);
  });

  it('leaves all files as they were when the disk is full, and ends training', async () => {
    const store = new MemoryStore();
    const checkpoints = new Checkpoints(store, { keep: 1, everyMinutes: 1e-9 });
    for (const snapshot of await snapshots(2)) await checkpoints.option.save(snapshot, 'time');
    const before = [...store.files.keys()];
    store.full = true;
    const training = fitNet(new Engine(new Float32Device()), new Sequential(new Linear(K, 2)), set, {
      loss: loss.ceMean(),
      optimizer: new Adam({ lr: 0.1 }),
      epochs: 3,
      batchSize: 2,
      checkpoint: checkpoints.option,
    });
    await expect(training).rejects.toThrow(
      'fit: the checkpoint could not be saved: checkpoints/000003.safetensors: no space left',
    );
    expect([...store.files.keys()]).toEqual(before);
    expect((await checkpoints.latest())!.name).toBe('checkpoints/000002.safetensors');
  });

  it.each([
    [{ keep: 0 }, /keep must be a whole number above 0, got 0/],
    [{ everyMinutes: 0 }, /everyMinutes must be above 0, got 0/],
    [{ best: 'rate' as 'loss' }, /best must be 'accuracy', 'loss' or null, got 'rate'/],
    [{ dir: 'x' } as object, /Checkpoints: there is no option 'dir'/],
  ])('refuses %j', (options, message) => {
    expect(() => new Checkpoints(new MemoryStore(), options)).toThrow(message);
  });
});
