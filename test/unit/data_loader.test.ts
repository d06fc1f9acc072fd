import code from 'worker:../support/decode_worker.ts';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BitRows, DataLoader, type DataLoaderOptions, epochOrder, type Sample } from '../../datasets/index.ts';
import type { Setup } from '../support/decode_worker.ts';

/** Sample i has i + 1 steps: its values are 100 i + 10 t + n, its label i % 3. */
const unequal = (i: number): Sample => ({
  values: Array.from({ length: (i + 1) * 2 }, (_, k) => 100 * i + 10 * Math.floor(k / 2) + (k % 2)),
  label: i % 3,
});
const base = { count: 6, steps: 6, inputs: 2 } as const;
const refused = (options: Partial<DataLoaderOptions>) =>
  expect(() => new DataLoader({ ...base, decode: unequal, ...options } as DataLoaderOptions));

describe('a batch', () => {
  it('is time-major, padded to the longest of the set, with lengths', async () => {
    const loader = new DataLoader({ ...base, decode: unequal, lengths: 'varying' });
    const batch = await loader.batch([2, 0]);
    expect([batch.shape, batch.form, batch.mask, batch.targets]).toEqual([[6, 2, 2], 'f32', undefined, undefined]);
    expect([...batch.labels, ...batch.lengths!]).toEqual([2, 0, 3, 1]);
    expect([...batch.values]).toEqual([200, 201, 0, 1, 210, 211, 0, 0, 220, 221, 0, 0, ...Array<number>(12).fill(0)]);
  });

  it('is padded to a multiple of the longest in it, and not beyond the set', async () => {
    const loader = new DataLoader({ ...base, decode: unequal, lengths: [1, 2, 3, 4, 5, 6], padTo: 4 });
    expect((await loader.batch([0])).shape).toEqual([4, 1, 2]);
    expect((await loader.batch([0, 3])).shape).toEqual([4, 2, 2]);
    expect((await loader.batch([4, 0])).shape).toEqual([6, 2, 2]);
  });

  it('has masks, targets and labels of each step padded with it', async () => {
    const decode = (i: number): Sample => ({
      ...unequal(i),
      labels: Array.from({ length: i + 1 }, (_, t) => i + t),
      ...(i === 1 ? { mask: [0.5, 0] } : {}),
      targets: { shape: [i + 1, 1], values: Array.from({ length: i + 1 }, (_, t) => -t) },
    });
    const { mask, targets, labels } = await new DataLoader({ ...base, decode, lengths: 'varying', padTo: 1 }).batch([
      1, 2,
    ]);
    expect([...mask!]).toEqual([0.5, 1, 0, 1, 0, 1]);
    expect([...targets!]).toEqual([-0, -0, -1, -1, 0, -2]);
    expect([...labels]).toEqual([1, 2, 2, 3, 0, 4]);
    const each = (i: number): Sample => ({ values: unequal(0).values, targets: { shape: [2], values: [i, -i] } });
    const fixed = await new DataLoader({ ...base, steps: 1, decode: each }).batch([3, 4]);
    expect([[...fixed.targets!], [...fixed.labels], fixed.lengths]).toEqual([[3, -3, 4, -4], [], undefined]);
  });

  it('has spikes in words, given so or one by one', async () => {
    const [steps, inputs] = [5, 40];
    const spikes = (i: number) => Array.from({ length: steps * inputs }, (_, k) => ((k * 7 + i) % 5 === 0 ? 1 : 0));
    const words = (i: number): Uint32Array => {
      const bits = new BitRows(steps, inputs);
      spikes(i).forEach((z, k) => z && bits.set(Math.floor(k / inputs), k % inputs));
      return bits.words;
    };
    const of = (values: (i: number) => ArrayLike<number>) =>
      new DataLoader({ count: 3, steps, inputs, form: 'bits', decode: (i) => ({ values: values(i), label: 0 }) });
    const [plain, packed] = [await of(spikes).batch([2, 1]), await of(words).batch([2, 1])];
    expect(plain).toEqual(packed);
    expect(plain.values).toBeInstanceOf(Uint32Array);
    for (let t = 0; t < steps; t++) {
      for (const [b, i] of [2, 1].entries()) {
        for (let n = 0; n < inputs; n++)
          expect((plain.values[(t * 2 + b) * 2 + (n >> 5)]! >>> (n & 31)) & 1).toBe(spikes(i)[t * inputs + n]);
      }
    }
  });

  it('has pixels as bytes', async () => {
    const loader = new DataLoader({
      count: 2,
      steps: 1,
      inputs: 3,
      form: 'bytes',
      labels: [4, 5],
      decode: (i) => ({ values: [i, 255, 7] }),
    });
    expect(await loader.batch([1, 0])).toMatchObject({
      values: Uint8Array.of(1, 255, 7, 0, 255, 7),
      labels: Uint32Array.of(5, 4),
    });
  });
});

describe('what does not fit', () => {
  it.each<[string, Partial<Sample>, Partial<DataLoaderOptions>, string]>([
    [
      'a length',
      {},
      {},
      "sample 2 (c.wav): has 3 steps, steps is 6; for sequences of unequal length give their lengths, or 'varying'",
    ],
    ['another length than said', {}, { lengths: [1, 2, 4, 4, 5, 6] }, 'sample 2 (c.wav): has 3 steps, lengths has 4'],
    ['a longer one', {}, { steps: 2, lengths: 'varying' }, 'sample 2 (c.wav): has 3 steps, steps is 2'],
    [
      'half a step',
      { values: [1, 2, 3] },
      {},
      'sample 2 (c.wav): values must be whole steps of 2 inputs, got 3 values',
    ],
    ['no value', { values: [] }, {}, 'values must be whole steps of 2 inputs, got 0 values'],
    [
      'NaN',
      { values: [0, 1, 2, Number.NaN] },
      {},
      'sample 2 (c.wav): step 1, input 1 is NaN, expected a finite number',
    ],
    ['no spike', { values: [0, 1, 2, 0] }, { form: 'bits' }, 'step 1, input 0 is 2, expected 0 or 1'],
    ['no byte', { values: [0, 256] }, { form: 'bytes' }, 'step 0, input 1 is 256, expected an integer in 0..255'],
    [
      'a spike of no input',
      { values: Uint32Array.of(1, 4) },
      { form: 'bits' },
      'step 1: spikes of inputs beyond the 2 there are',
    ],
    ['a short mask', { mask: [1] }, {}, 'sample 2 (c.wav): mask must have one entry for each of 3 steps, got 1'],
    ['a negative mask', { mask: [1, -1, 0] }, {}, 'mask[1] must be finite and not below 0, got -1'],
    ['no label', { label: -1 }, {}, 'sample 2 (c.wav): label must be an integer from 0 on, got -1'],
    ['few labels', { labels: [1, 2] }, {}, 'labels must have one entry for each of 3 steps, got 2'],
    [
      'targets of another shape',
      { targets: { shape: [2, 2], values: [1, 2, 3, 4] } },
      {},
      'targets must have the shape [outputs] or [3, outputs], got [2, 2]',
    ],
    ['few targets', { targets: { shape: [2], values: [1] } }, {}, 'targets must have 2 = 2 values, got 1'],
  ])('is refused with the sample: %s', async (_, sample, options, message) => {
    const decode = (i: number): Sample => ({ ...unequal(i), ...sample });
    const loader = new DataLoader({ ...base, decode, name: (i) => `${'abcdef'[i]}.wav`, ...options });
    await expect(loader.batch([2])).rejects.toThrow(message);
  });

  it('is refused when samples of a batch differ in what they have', async () => {
    const mixed = (change: (i: number) => Partial<Sample>) =>
      new DataLoader({ ...base, lengths: 'varying', decode: (i) => ({ ...unequal(i), ...change(i) }) }).batch([0, 1]);
    await expect(mixed((i) => (i === 1 ? { targets: { shape: [1], values: [0] } } : {}))).rejects.toThrow(
      'sample 1: has targets [1], DataLoader: sample 0 has no targets',
    );
    await expect(mixed((i) => (i === 1 ? { labels: [0, 0] } : {}))).rejects.toThrow(
      'sample 1: has a label for each step',
    );
    const bare = new DataLoader({ ...base, steps: 1, decode: () => ({ values: [1, 2] }) });
    await expect(bare.batch([0])).rejects.toThrow('sample 0: needs a label or targets');
  });

  it('names the sample whose decoder throws', async () => {
    const decode = (i: number): Sample => {
      if (i === 4) throw new Error('f.wav: byte 20: no RIFF');
      return unequal(i);
    };
    const loader = new DataLoader({ ...base, decode, lengths: 'varying' });
    await expect(loader.batch([1, 4, 5])).rejects.toThrow('DataLoader: sample 4: f.wav: byte 20: no RIFF');
    expect((await loader.batch([1])).shape).toEqual([6, 1, 2]);
    await expect(loader.batch([6])).rejects.toThrow('DataLoader.batch: 6 is outside 0..5');
  });

  it('is refused among the options', () => {
    refused({ count: 0 }).toThrow('DataLoader: count must be a whole number above 0, got 0');
    refused({ steps: 1.5 }).toThrow('DataLoader: steps must be');
    refused({ lenghts: 'varying' } as never).toThrow("there is no option 'lenghts'; did you mean 'lengths'?");
    refused({ form: 'bit' as never }).toThrow("form must be 'f32', 'bits' or 'bytes', got 'bit'");
    refused({ decode: undefined } as never).toThrow('needs either decode, a function of a sample number, or worker');
    refused({ worker: { code: 'x' } }).toThrow('needs either decode');
    refused({ labels: [1] }).toThrow('labels must have count = 6 entries, got 1');
    refused({ labels: [1, 2, 3, 4, 5, 0.5] }).toThrow('labels[5] must be an integer from 0 on, got 0.5');
    refused({ lengths: [1, 2, 3, 4, 5, 7] }).toThrow('lengths[5] must be in 1..6, got 7');
    refused({ padTo: 2 }).toThrow('padTo is for sequences of unequal length; give lengths too');
    refused({ cache: -1 }).toThrow('cache must be a number from 0 on, got -1');
    refused({ decode: undefined, worker: { code: 'x', workers: 0 } } as never).toThrow('worker.workers must be');
  });
});

describe('a part', () => {
  it('has its own numbers, and shares what is cached', async () => {
    const decoded: number[] = [];
    const decode = (i: number): Sample => {
      decoded.push(i);
      return unequal(i);
    };
    const loader = new DataLoader({ ...base, decode, lengths: 'varying', labels: [0, 1, 2, 3, 4, 5], cache: 100 });
    const part = loader.subset([5, 1, 3]).subset([1, 2]);
    expect([part.count, ...part.labels!]).toEqual([2, 1, 3]);
    expect((await part.batch([1, 0])).labels).toEqual(Uint32Array.of(3, 1));
    // 8 bytes a number: sample 3 has 8 of them, sample 1 four; sample 5 finds no room
    expect(decoded).toEqual([3, 1]);
    await loader.batch([1, 3, 5, 5]);
    await loader.batch([5]);
    expect(decoded).toEqual([3, 1, 5, 5]);
    expect(() => loader.subset([6])).toThrow('DataLoader.subset: 6 is outside 0..5');
    expect(() => loader.subset([])).toThrow('needs at least one sample');
  });
});

describe('batches of an epoch', () => {
  const loader = new DataLoader({ ...base, count: 10, steps: 1, decode: (i) => ({ values: [i, 0], label: 0 }) });
  const order = async (options: object): Promise<number[][]> => {
    const seen: number[][] = [];
    for await (const { values } of loader.batches(options)) seen.push([...values].filter((_, k) => k % 2 === 0));
    return seen;
  };

  it('are shuffled by seed and epoch alone', async () => {
    const once = await order({ batchSize: 4, seed: 7, epoch: 2 });
    expect(once.map((b) => b.length)).toEqual([4, 4, 2]);
    expect(once.flat()).toEqual([...epochOrder(10, 7, 2)]);
    expect(once.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await order({ batchSize: 4, seed: 7, epoch: 2 })).toEqual(once);
    expect(await order({ batchSize: 4, seed: 7, epoch: 3 })).not.toEqual(once);
    expect((await order({ batchSize: 20, shuffle: false })).flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await expect(order({ batchSize: 0 })).rejects.toThrow('batchSize must be a whole number above 0, got 0');
  });

  it('are prepared ahead, and no further than asked', async () => {
    const decoded: number[] = [];
    const decode = async (i: number): Promise<Sample> => {
      decoded.push(i);
      return { values: [i, 0], label: 0 };
    };
    const slow = new DataLoader({ ...base, count: 10, steps: 1, decode, prefetch: 2 });
    const batches = slow.batches({ batchSize: 2, shuffle: false });
    expect((await batches.next()).value?.values[0]).toBe(0);
    // the first batch is at hand; two more are made while nobody asks for them
    await expect.poll(() => decoded.length).toBe(6);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(decoded).toEqual([0, 1, 2, 3, 4, 5]);
    await batches.next();
    await expect.poll(() => decoded.length).toBe(8);
  });

  it('tell a failure when its batch has its turn', async () => {
    const decode = (i: number): Sample => {
      if (i === 2) throw new Error('broken');
      return { values: [i, 0], label: 0 };
    };
    const batches = new DataLoader({ ...base, steps: 1, decode }).batches({ batchSize: 2, shuffle: false });
    expect((await batches.next()).value?.values[0]).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await expect(batches.next()).rejects.toThrow('DataLoader: sample 2: broken');
  });
});

describe('workers', () => {
  const loaderWith = (setup: Partial<Setup>, options: Partial<DataLoaderOptions> = {}): DataLoader => {
    const worker = { code, setup: { steps: 3, ...setup }, workers: 2 };
    const loader = new DataLoader({ count: 40, steps: 3, inputs: 2, worker, name: (i) => `clip ${i}`, ...options });
    onTestFinished(() => loader.close());
    return loader;
  };
  const all = Array.from({ length: 40 }, (_, i) => (i * 7) % 40);

  it('give the same batches as a decoder here, whoever is faster', async () => {
    const decode = (i: number): Sample => ({ values: [i, 0, i, 1, i, 2], label: i % 5 });
    const here = await new DataLoader({ count: 40, steps: 3, inputs: 2, decode }).batch(all);
    expect(await loaderWith({}).batch(all)).toEqual(here);
    const slow = loaderWith({ slow: 15 });
    const both = await Promise.all([slow.batch(all), slow.batch([1, 2, 3])]);
    expect(both[0]).toEqual(here);
    expect([...both[1].labels]).toEqual([1, 2, 3]);
  });

  it('name the sample at which the decoder throws, and go on', async () => {
    const loader = loaderWith({ throwAt: 21 });
    await expect(loader.batch(all)).rejects.toThrow('DataLoader: sample 21 (clip 21): sample21.bin: byte 7: is wrong');
    expect((await loader.batch([20, 22])).values[0]).toBe(20);
  });

  it('name the samples at which one died, and tell when none is left', async () => {
    const loader = loaderWith({ endAt: 9 });
    await expect(loader.batch([9])).rejects.toThrow(
      'DataLoader: sample 9 (clip 9): the worker that decodes it died: it ended with code 3',
    );
    // the other one goes on
    expect((await loader.batch([20, 22])).values[0]).toBe(20);
    await expect(loader.batch([8, 9])).rejects.toThrow('the worker that decodes it died');
    await expect(loader.batch([1])).rejects.toThrow('all workers have died: it ended with code 3');
  });

  it('tell what is wrong with their start, and with their module', async () => {
    await expect(loaderWith({ failToStart: true }).batch([3])).rejects.toThrow('the worker: no decoder today');
    const broken = loaderWith({}, { worker: { code: 'throw new Error("at the top")', workers: 1 } });
    await expect(broken.batch([3])).rejects.toThrow(/sample 3 \(clip 3\).*died: at the top/);
    const closed = loaderWith({});
    closed.close();
    await expect(closed.batch([3])).rejects.toThrow('the loader has been closed');
  });
});
