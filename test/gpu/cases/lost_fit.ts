import {
  AdamW,
  AHP,
  Dataset,
  Dropout,
  Engine,
  type FitOptions,
  fit as fitNet,
  GpuDevice,
  loss,
  Readout,
  Sequential,
  type Snapshot,
  schedules,
} from 'spiketape';
import { decodeSnapshot, encodeSnapshot } from 'spiketape/runs';
import { assert, assertEqual, assertThrows } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { spikes, weightsOf } from './engine-support/nets.ts';

// A training that loses its device, or is interrupted, ends with the same bits as one that does neither.

const [count, steps, inputs] = [13, 12, 6];
const set = new Dataset({
  steps,
  inputs,
  values: spikes(count * steps * inputs, 3),
  labels: Array.from({ length: count }, (_, i) => i % 3),
  lengths: Array.from({ length: count }, (_, i) => steps - (i % 4)),
  form: 'bits',
});

/** So many steps of an epoch; the last is smaller. */
const perEpoch = 4;

interface Trained {
  readonly weights: Float32Array;
  readonly epochs: readonly object[];
  readonly said: readonly string[];
  readonly steps: number;
}

/**
 * @param destroy the device is destroyed when batches of these numbers are asked for, from 1, validation's too, those that
 *   are asked for again as well
 */
async function train(gpu: GPU, destroy: readonly number[] = [], options: Partial<FitOptions> = {}): Promise<Trained> {
  const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
  const net = new Sequential(
    new AHP(inputs, 9, { recurrent: true, weightGain: 3, learn: ['tau'] }),
    new Dropout(9, 0.2),
    new Readout(9, 3),
  ).initialize(options.resume ? 2 : 1);
  let asked = 0;
  const source = { count, steps, inputs, form: set.form };
  const batch = (which: ArrayLike<number>) => {
    if (destroy.includes(++asked)) engine.device.device.destroy();
    return set.batch(which);
  };
  const said: string[] = [];
  try {
    const { epochs } = await fitNet(
      engine,
      net,
      { ...source, batch },
      {
        loss: loss.ceMean(),
        optimizer: new AdamW({ lr: 0.02, clip: { norm: 0.5 } }),
        schedule: schedules.cosine(),
        epochs: 2,
        batchSize: Math.ceil(count / perEpoch),
        validation: { ...source, batch },
        seed: 3,
        onWarning: (text) => void said.push(text),
        ...options,
      },
    );
    return {
      weights: weightsOf(net),
      epochs: epochs.map(({ seconds: _, ...e }) => ({ ...e })),
      said,
      steps: asked,
    };
  } finally {
    engine.dispose();
  }
}

const slow = { timeout: 180_000 };

gpuCase(
  'fit goes on after its device was lost, in training and in evaluation, to the same bits',
  async ({ gpu, log }) => {
    const whole = await train(gpu);
    assertEqual(whole.said, [], 'warnings of a training that loses nothing');
    for (const at of [1, 3, 5, 6, 8, 10]) {
      const again = await train(gpu, [at], { recover: at % 2 ? 0.001 : 5 });
      assertEqual(again.weights, whole.weights, `weights, lost at batch ${at}`);
      assertEqual(again.epochs, whole.epochs, `epochs, lost at batch ${at}`);
      assert(
        again.said.length === 1 && /the GPU device was lost \(destroyed\).*goes on from epoch/.test(again.said[0]!),
        `one warning says so, got ${JSON.stringify(again.said)}`,
      );
      log(`lost at batch ${at}: ${again.steps - whole.steps} batches asked for again`);
    }
  },
  slow,
);

gpuCase(
  'fit ends with an error when the device is lost three times in a row',
  async ({ gpu }) => {
    const saved: Snapshot[] = [];
    const checkpoint = { save: (s: Snapshot): void => void saved.push(s) };
    await assertThrows(
      () => train(gpu, [2, 3, 4, 5, 6, 7], { checkpoint }),
      /lost 3 times in a row, the last time so: the GPU device was lost \(destroyed\)/,
    );
    assertEqual(
      saved.map((s) => [s.epoch, s.batch]),
      [[1, 0]],
      'what was saved at the end',
    );
    await assertThrows(() => train(gpu, [2], { recover: 0 }), /^the GPU device was lost \(destroyed\)/);
  },
  slow,
);

gpuCase(
  'fit goes on from a snapshot of any step to the same bits',
  async ({ gpu }) => {
    const saved: Uint8Array[] = [];
    const save = (snapshot: Snapshot): void => void saved.push(encodeSnapshot(snapshot));
    const whole = await train(gpu);
    const watched = await train(gpu, [], { checkpoint: { every: 1e-9, save } });
    assertEqual(watched.weights, whole.weights, 'weights of a training of which snapshots are taken');
    assertEqual(watched.epochs, whole.epochs, 'its epochs');
    assertEqual(saved.length, 2 * (perEpoch + 1), 'snapshots');
    for (const bytes of [saved[1]!, saved[3]!, saved[4]!, saved[7]!]) {
      const resume = decodeSnapshot(bytes);
      const again = await train(gpu, [], { resume });
      const where = `from epoch ${resume.epoch}, batch ${resume.batch}`;
      assertEqual(again.weights, whole.weights, `weights ${where}`);
      assertEqual(again.epochs.at(-1), whole.epochs.at(-1), `last epoch ${where}`);
    }
  },
  slow,
);
