import { describe, expect, it } from 'vitest';
import {
  type BatchSource,
  Dataset,
  type EarlyStop,
  Engine,
  fit as fitNet,
  Linear,
  loss,
  Sequential,
  SGD,
  type Snapshot,
} from '../../src/index.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/runs/index.ts';
import { Float32Device } from '../support/float32_device.ts';

// A validation that gets better and then worse, by what its labels say at each epoch.

const [count, K] = [6, 2];
const values = Float32Array.from({ length: count * K }, (_, i) => (i % 2 === 0 ? 1 : -1) * (1 + i / 10));
const labelled = (label: number): Dataset =>
  new Dataset({ steps: 1, inputs: K, values, labels: new Array<number>(count).fill(label) });

/** Training goes towards label 0; in the epochs of `bad` (from 1) validation wants label 1. */
function validationOf(bad: readonly number[], from = 1): BatchSource {
  let epoch = from;
  const [good, other] = [labelled(0), labelled(1)];
  return {
    ...{ count, steps: 1, inputs: K, form: 'f32' },
    batch: (which) => (bad.includes(epoch++) ? other : good).batch(which),
  };
}

const train = async (bad: readonly number[], earlyStop: EarlyStop, more: object = {}, from = 1) => {
  const net = new Sequential(new Linear(K, 2)).initialize(1);
  const weights: number[][] = [];
  const read = (): number[] => net.parameters().flatMap((p) => [...p.data]);
  const result = await fitNet(new Engine(new Float32Device()), net, labelled(0), {
    loss: loss.ceMean(),
    optimizer: new SGD({ lr: 0.1, momentum: 0.5 }),
    epochs: 8,
    batchSize: 3,
    validation: validationOf(bad, from),
    earlyStop,
    onEpoch: () => void weights.push(read()),
    ...more,
  });
  return { result, weights, last: read() };
};

describe('early stop', () => {
  it('ends after so many epochs that are no better, with the parameters of the best', async () => {
    const { result, weights, last } = await train([4, 5, 6, 7, 8], { patience: 2 });
    expect(result.epochs).toHaveLength(5);
    expect(result.aborted).toBe(false);
    expect(result.best).toEqual({ epoch: 3, value: result.epochs[2]!.validation!.loss });
    expect(last).toEqual(weights[2]);
    expect(last).not.toEqual(weights[4]);
  });

  it('counts anew after a better one', async () => {
    expect((await train([3, 5, 7, 8], { patience: 2 })).result.epochs).toHaveLength(8);
    expect((await train([3, 4, 7], { patience: 2 })).result.epochs).toHaveLength(4);
  });

  it('restores the best at the last epoch as well, unless it should not', async () => {
    const { result, weights, last } = await train([7, 8], { patience: 3 });
    expect(result.epochs).toHaveLength(8);
    expect(last).toEqual(weights[5]);
    const kept = await train([7, 8], { patience: 3, restoreBest: false });
    expect(kept.last).toEqual(weights[7]);
    expect(kept.result.best?.epoch).toBe(6);
  });

  it('by accuracy, which must rise, and by more than minDelta', async () => {
    const byAccuracy = await train([3, 4, 5], { patience: 2, metric: 'accuracy' });
    // the accuracy is 1 or 0 here: no epoch is better than the first that has 1
    const first = byAccuracy.result.epochs.findIndex((e) => e.validation!.accuracy === 1) + 1;
    expect(byAccuracy.result.best).toEqual({ epoch: first, value: 1 });
    expect(byAccuracy.result.epochs).toHaveLength(first + 2);
    expect((await train([], { patience: 1, minDelta: 10 })).result.epochs).toHaveLength(2);
  });

  it('goes on from a snapshot with the best that it had', async () => {
    const bad = [4, 5, 6, 7, 8];
    const whole = await train(bad, { patience: 3 });
    const saved: Snapshot[] = [];
    const save = (s: Snapshot): void => void saved.push(decodeSnapshot(encodeSnapshot(s)));
    const watched = await train(bad, { patience: 3 }, { checkpoint: { every: 1e-9, save } });
    expect(watched.last).toEqual(whole.last);
    for (const resume of saved) {
      // an epoch that is still to be scored is asked for again
      const again = await train(bad, { patience: 3 }, { resume }, resume.epoch);
      expect(again.last).toEqual(whole.last);
      expect(again.result.best).toEqual(whole.result.best);
      expect(again.result.epochs).toHaveLength(6);
    }
  });

  it.each([
    [{ patience: 0 }, {}, /earlyStop needs validation, patience above 0 \(got 0\)/],
    [{ patience: 1, metric: 'error' as 'loss' }, {}, /metric 'loss' or 'accuracy' \(got 'error'\)/],
    [{ patience: 1, minDelta: -1 }, {}, /minDelta from 0 on \(got -1\)/],
    [{ patience: 1 }, { validation: undefined }, /earlyStop needs validation/],
    [{ patient: 1 } as unknown as EarlyStop, {}, /earlyStop: there is no option 'patient'; did you mean 'patience'/],
  ])('refuses %j', async (option, more, message) => {
    await expect(train([], option, more)).rejects.toThrow(message);
  });
});
