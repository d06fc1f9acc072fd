import { describe, expect, it } from 'vitest';
import {
  Adam,
  AdamW,
  AHP,
  BatchNorm,
  type BatchSource,
  Dataset,
  Dropout,
  Engine,
  type EpochResult,
  type FitOptions,
  type FitResult,
  fit as fitNet,
  LIF,
  Linear,
  loss,
  type Optimizer,
  Readout,
  RMSprop,
  regularize,
  Sequential,
  SGD,
  type Snapshot,
  schedules,
} from '../../src/index.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/runs/index.ts';
import { Float32Device, type Losses, lossesAt } from '../support/float32_device.ts';
import { Random } from '../support/random.ts';

// A training that is interrupted anywhere and goes on from its snapshot ends as one that was not, to the bit.

const [count, T, K, B] = [11, 9, 3, 3];
const random = new Random('long runs');
const values = random.normals(count * T * K, 2);
const dataset = (from = 0, n = count, lengths = true): Dataset =>
  new Dataset({
    steps: T,
    inputs: K,
    values: values.slice(from * T * K, (from + n) * T * K),
    labels: Array.from({ length: n }, (_, i) => (from + i) % 2),
    ...(lengths ? { lengths: Array.from({ length: n }, (_, i) => T - ((3 * i) % 5)) } : {}),
  });

interface Kind {
  net: () => Sequential;
  optimizer: () => Optimizer;
  options?: Partial<FitOptions>;
}

const kinds: Record<string, Kind> = {
  'Adam: schedule, clipping by norm, groups': {
    net: () => new Sequential(new AHP(K, 7, { recurrent: true, learn: ['tau'] }), new Readout(7, 2)),
    optimizer: () => new Adam({ lr: 0.03, clip: { norm: 0.2 }, groups: [{ params: /tau/, lr: 0.1 }] }),
    options: { schedule: schedules.cosine({ warmup: 0.3 }), regularizers: [regularize.rate()] },
  },
  'SGD: momentum, windows of time': {
    net: () => new Sequential(new LIF(K, 6, { recurrent: true, weightGain: 2 }), new Readout(6, 2)),
    optimizer: () => new SGD({ lr: 0.1, momentum: 0.9, dampening: 0.5, clip: { value: 0.3 } }),
    options: { truncate: 4 },
  },
  'RMSprop: dropout': {
    net: () => new Sequential(new LIF(K, 6, { weightGain: 2 }), new Dropout(6, 0.4), new Readout(6, 2)),
    optimizer: () => new RMSprop({ lr: 0.01, momentum: 0.5, centered: true }),
    options: { precision: 'half' },
  },
  'AdamW: batch normalisation, DEEP R': {
    net: () =>
      new Sequential(
        new Linear(K, 8),
        new BatchNorm(8),
        new LIF(8),
        new Linear(8, 6, { bias: false, connections: { rewire: { density: 0.4, noise: 0.05, l1: 0.01 } } }),
        new Readout(6, 2),
      ),
    optimizer: () => new AdamW({ lr: 0.05, layerwise: true }),
    options: { memory: 'low' },
  },
};

interface Outcome {
  result: FitResult;
  weights: number[][];
  told: EpochResult[];
}

/** Trains a net that begins with other weights when it is resumed: all comes from the snapshot. */
async function train(
  kind: Kind,
  options: Partial<FitOptions> = {},
  set: BatchSource = dataset(),
  losses?: Losses,
): Promise<Outcome> {
  const net = kind.net().initialize(options.resume ? 99 : 5);
  const told: EpochResult[] = [];
  const result = await fitNet(new Engine(new Float32Device(losses)), net, set, {
    loss: loss.ceMean(),
    optimizer: kind.optimizer(),
    epochs: 2,
    batchSize: B,
    seed: 4,
    validation: dataset(0, 5),
    onWarning: () => undefined,
    onEpoch: (e) => void told.push(e),
    ...kind.options,
    ...options,
  });
  return { result, weights: net.parameters().map((p) => [...p.data]), told };
}

/** Without what no file keeps: the time, and predictions of epochs before the last. */
const lines = (epochs: readonly EpochResult[]): object[] =>
  epochs.map(({ seconds: _, validation, ...e }) => ({
    ...e,
    validation: validation && { ...validation, predictions: [], labels: [] },
  }));

/** Snapshots at every step and after every epoch, as they come back from a file. */
async function snapshots(kind: Kind, options: Partial<FitOptions> = {}): Promise<[Snapshot[], Outcome]> {
  const all: Snapshot[] = [];
  const save = (snapshot: Snapshot): void => void all.push(decodeSnapshot(encodeSnapshot(snapshot)));
  const outcome = await train(kind, { ...options, checkpoint: { every: 1e-9, save } });
  return [all, outcome];
}

describe.each(Object.entries(kinds))('%s', (_, kind) => {
  it('ends with the same bits, wherever it was interrupted', { timeout: 60_000 }, async () => {
    const whole = await train(kind);
    const [all, watched] = await snapshots(kind);
    expect(watched.weights).toEqual(whole.weights);
    expect(lines(watched.result.epochs)).toEqual(lines(whole.result.epochs));
    expect(all.map((s) => [s.epoch, s.batch])).toEqual([
      ...[1, 2, 3, 4].map((b) => [1, b]),
      [2, 0],
      ...[1, 2, 3, 4].map((b) => [2, b]),
      [3, 0],
    ]);
    for (const resume of all) {
      const resumed = await train(kind, { resume });
      const where = `from epoch ${resume.epoch}, batch ${resume.batch}`;
      expect(resumed.weights, where).toEqual(whole.weights);
      expect(lines(resumed.result.epochs), where).toEqual(lines(whole.result.epochs));
      expect(resumed.told.map((e) => e.epoch)).toEqual([1, 2].slice(resume.epochs.length));
    }
  });
});

const [first] = Object.values(kinds) as [Kind];
const windows = Object.values(kinds)[1]!;

it('changes connections in the training that the above interrupts', async () => {
  const kind = Object.values(kinds)[3]!;
  const before = kind.net().initialize(5);
  const { weights } = await train(kind);
  const mask = before.parameters().findIndex((p) => p.name.endsWith('weight_mask'));
  expect(weights[mask]).not.toEqual([...before.parameters()[mask]!.data]);
});

it('adds up in the order of the steps, in whatever order reports arrive', { timeout: 30_000 }, async () => {
  for (const kind of [first, windows]) {
    const whole = await train(kind, { batchSize: 1 });
    for (const at of [[], [9], [20]]) {
      const losses = { ...lossesAt(...at), late: true };
      const late = await train(kind, { batchSize: 1, recover: 1e-9 }, dataset(), losses);
      expect(lines(late.result.epochs)).toEqual(lines(whole.result.epochs));
      expect(late.weights).toEqual(whole.weights);
      expect(losses.reopened).toBe(at.length);
    }
  }
});

describe('the signal', () => {
  /** Trains, ended by the signal at the so-manieth batch that is asked for; and then to the end. */
  async function interrupted(kind: Kind, at: number): Promise<[Outcome, Outcome, Snapshot]> {
    const stop = new AbortController();
    const saved: [Snapshot, string][] = [];
    let asked = 0;
    const counted = (set: BatchSource): BatchSource => ({
      ...{ count: set.count, steps: set.steps, inputs: set.inputs, form: set.form },
      batch: (which) => {
        if (++asked === at) stop.abort();
        return set.batch(which);
      },
    });
    const save = (snapshot: Snapshot, why: string): void => void saved.push([snapshot, why]);
    const options = { signal: stop.signal, checkpoint: { save }, validation: counted(dataset(0, 5)), batchSize: B };
    const begun = await train(kind, options, counted(dataset()));
    const [snapshot, why] = saved.at(-1)!;
    expect(begun.result.aborted).toBe(true);
    expect(why).toBe('abort');
    return [begun, await train(kind, { resume: snapshot }), snapshot];
  }

  it.each([1, 2, 3, 4, 5, 6, 8])('at batch %d: a snapshot, from which the end is the same', async (at) => {
    const whole = await train(windows);
    const [begun, resumed, snapshot] = await interrupted(windows, at);
    expect(resumed.weights).toEqual(whole.weights);
    expect(lines(resumed.result.epochs)).toEqual(lines(whole.result.epochs));
    // an epoch that goes on later is not told of twice
    expect([...begun.told, ...resumed.told].map((e) => e.epoch)).toEqual([1, 2]);
    const net = windows.net();
    net.parameters().forEach((p, i) => {
      p.data.set(begun.weights[i]!);
    });
    for (const [name, p] of net.namedParameters()) expect([...snapshot.parameters[name]!]).toEqual([...p.data]);
  });

  it('before the first step: nothing is lost either', async () => {
    const saved: Snapshot[] = [];
    const checkpoint = { save: (s: Snapshot): void => void saved.push(s) };
    const { result } = await train(first, { signal: AbortSignal.abort(), checkpoint });
    expect(result.epochs).toEqual([]);
    expect((await train(first, { resume: saved[0]! })).weights).toEqual((await train(first)).weights);
  });

  it('without a checkpoint the epoch is told of as far as it came', async () => {
    const stop = new AbortController();
    const { result, told } = await train(first, { batchSize: 1, signal: stop.signal, onProgress: () => stop.abort() });
    expect(result.aborted).toBe(true);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ epoch: 1, validation: null });
    expect(told[0]!.samples).toBeLessThan(count);
  });
});

describe('going on', () => {
  it('refuses other settings by name, and takes others that decide nothing', async () => {
    const [[, snapshot]] = (await snapshots(first)) as unknown as [[Snapshot, Snapshot]];
    const refused = async (options: Partial<FitOptions>, message: RegExp): Promise<void> =>
      await expect(train(first, { resume: snapshot, ...options })).rejects.toThrow(message);
    await refused({ batchSize: 4 }, /resume: the snapshot was made with batchSize 3, here it is 4/);
    await refused({ seed: 5 }, /made with seed 4, here it is 5/);
    await refused({ optimizer: new Adam() }, /made with optimizer Adam .*"lr":0.03.*, here it is Adam .*"lr":0.001/);
    await refused({ optimizer: new SGD() }, /optimizer Adam .*, here it is SGD/);
    await refused({ truncate: 3 }, /made with truncate null, here it is \{"steps":3,"loss":"end"\}/);
    await refused({ epochs: 3 }, /made with epochs 2, here it is 3/);
    await refused({ regularizers: [] }, /made with regularizers 1, here it is 0/);
    await refused(
      { earlyStop: { patience: 2, metric: 'accuracy' } },
      /made with earlyStop \(none\), here it is "accuracy"/,
    );
    const wider = { ...first, net: () => new Sequential(new AHP(K, 8, { recurrent: true }), new Readout(8, 2)) };
    await expect(train(wider, { resume: snapshot })).rejects.toThrow(
      /made with parameter 0\.weight 7 x 3, here it is 8 x 3/,
    );
    await expect(train(first, { resume: snapshot }, dataset(0, 10))).rejects.toThrow(/samples 11, here it is 10/);
    // without a schedule more epochs may follow
    const [[, early]] = (await snapshots(windows)) as unknown as [[Snapshot, Snapshot]];
    const longer = await train(windows, { resume: early, epochs: 3 });
    expect(longer.weights).toEqual((await train(windows, { epochs: 3 })).weights);
  });

  it('warns of another adapter', async () => {
    const [[snapshot]] = (await snapshots(first)) as unknown as [[Snapshot]];
    const said: string[] = [];
    await train(first, { resume: { ...snapshot, adapter: 'another' }, onWarning: (text) => void said.push(text) });
    expect(said[0]).toMatch(/the snapshot is from another; here the last bits of what follows will be others/);
  });

  it('keeps rates that were changed on the way', async () => {
    const change = (optimizer: Optimizer) => ({
      optimizer,
      onEpoch: () => {
        optimizer.lr /= 10;
      },
    });
    const whole = await train(windows, { ...change(windows.optimizer()), epochs: 3 });
    const [all] = await snapshots(windows, { ...change(windows.optimizer()), epochs: 3 });
    const late = all.find((s) => s.epoch === 3 && s.batch === 1)!;
    expect((await train(windows, { ...change(windows.optimizer()), resume: late, epochs: 3 })).weights).toEqual(
      whole.weights,
    );
  });

  it('ends when a snapshot cannot be saved, with the reason', async () => {
    const cause = new Error('no space left');
    const checkpoint = { save: () => Promise.reject(cause) };
    const training = train(first, { checkpoint });
    await expect(training).rejects.toThrow('fit: the checkpoint could not be saved: no space left');
    await expect(training).rejects.toMatchObject({ cause });
  });

  it('refuses at once what cannot save', async () => {
    const checkpoint = {} as { save: () => void };
    await expect(train(first, { checkpoint })).rejects.toThrow(
      /fit: checkpoint.save must be a function, got undefined/,
    );
    await expect(train(first, { recover: -1 })).rejects.toThrow(/fit: recover must be a number of seconds, got -1/);
  });
});

describe('a lost device', () => {
  /** Steps of two epochs: 4 of training, 1 of validation each. */
  it('anywhere: training goes on to the same bits, and each epoch is told of once', { timeout: 60_000 }, async () => {
    for (const kind of [first, windows]) {
      const counting = lossesAt();
      const whole = await train(kind, {}, dataset(), counting);
      for (let at = 0; at < counting.begun; at++) {
        const losses = lossesAt(at);
        const said: string[] = [];
        const options = { onWarning: (text: string) => void said.push(text), recover: at % 2 ? 1e-9 : 5 };
        const again = await train(kind, options, dataset(), losses);
        expect(again.weights, `lost at step ${at}`).toEqual(whole.weights);
        expect(lines(again.result.epochs)).toEqual(lines(whole.result.epochs));
        expect(lines(again.told)).toEqual(lines(whole.told));
        expect(losses.reopened).toBe(1);
        expect(said).toContainEqual(
          expect.stringMatching(/the GPU device was lost .*; training goes on from epoch [12], batch \d, on float64/),
        );
      }
    }
  });

  it('between the word of an epoch and its snapshot: the epoch is not told of again', async () => {
    const losses = lossesAt();
    const told: number[] = [];
    const options = {
      onEpoch: ({ epoch }: EpochResult): void => {
        told.push(epoch);
        // before the first step of the next epoch, and before the snapshot after this one
        if (epoch === 1) losses.gone = true;
      },
    };
    expect((await train(first, options, dataset(), losses)).weights).toEqual((await train(first)).weights);
    expect(told).toEqual([1, 2]);
    expect(losses.reopened).toBe(1);
  });

  it('goes on from the last snapshot, not from the beginning', async () => {
    const losses = lossesAt(9);
    await train(first, { recover: 1e-9 }, dataset(), losses);
    const [steps, again] = [10, losses.begun - 10];
    expect(again).toBeLessThanOrEqual(3);
    expect(again).toBeGreaterThan(0);
    expect(steps).toBe(10);
  });

  it('three times in a row ends it, with the last snapshot saved; not three times apart', async () => {
    const saved: [Snapshot, string][] = [];
    const checkpoint = { save: (s: Snapshot, why: string): void => void saved.push([s, why]) };
    const training = train(first, { checkpoint }, dataset(), lossesAt(2, 3, 4));
    await expect(training).rejects.toThrow(/lost 3 times in a row, the last time so: the GPU device was lost \(test\)/);
    await expect(training).rejects.toMatchObject({ cause: new Error('the GPU device was lost (test)') });
    expect(saved.map(([, why]) => why)).toEqual(['abort']);
    const whole = await train(first);
    expect((await train(first, { resume: saved[0]![0] })).weights).toEqual(whole.weights);
    const apart = lossesAt(2, 4, 9, 11);
    expect((await train(first, { recover: 1e-9 }, dataset(), apart)).weights).toEqual(whole.weights);
    expect(apart.reopened).toBe(4);
  });

  it('a new one may be refused at first', { timeout: 10_000 }, async () => {
    const losses = { ...lossesAt(3), refused: 1 };
    expect((await train(first, {}, dataset(), losses)).weights).toEqual((await train(first)).weights);
  });

  it('ends training at once where it is wanted so, or where the engine was disposed of', async () => {
    await expect(train(first, { recover: 0 }, dataset(), lossesAt(2))).rejects.toThrow(/^the GPU device was lost/);
    const device = new Float32Device();
    const engine = new Engine(device);
    const options = { loss: loss.ceMean(), optimizer: new Adam(), epochs: 5, batchSize: 3 };
    const training = fitNet(engine, first.net(), dataset(), {
      ...options,
      onEpoch: () => {
        engine.dispose();
        device.lose();
      },
    });
    await expect(training).rejects.toThrow(/^the GPU device was lost/);
    expect(device.losses.reopened).toBe(0);
  });

  it('is no reason to go on after another error', async () => {
    const failing = { ...kinds, onEpoch: () => Promise.reject(new Error('of the user')) };
    await expect(train(first, { onEpoch: failing.onEpoch })).rejects.toThrow('of the user');
  });
});
