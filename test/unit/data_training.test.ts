import { describe, expect, it } from 'vitest';
import { BitRows, DataLoader, epochOrder, type Sample } from '../../datasets/index.ts';
import { Engine } from '../../src/autograd/engine.ts';
import { inputOf } from '../../src/autograd/sample.ts';
import { Recorder } from '../../src/device/recorder.ts';
import {
  Adam,
  type BatchSource,
  Dataset,
  evaluate,
  LIF,
  loss,
  Readout,
  Sequential,
  fit as train,
} from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';

// A loader in the place of a data set: the same training to the last bit, and the next batch while this one trains.

const [steps, inputs, count] = [40, 35, 10];
const lengths = Array.from({ length: count }, (_, i) => 12 + ((i * 5) % 29));
const labels = Array.from({ length: count }, (_, i) => i % 2);
const spikes = Uint8Array.from({ length: count * steps * inputs }, (_, k) => {
  const step = Math.floor(k / inputs) % steps;
  return step < lengths[Math.floor(k / (steps * inputs))]! && (k * 2654435761) % 7 === 0 ? 1 : 0;
});
const sampleOf = (i: number): Uint8Array => spikes.subarray(i * steps * inputs, (i * steps + lengths[i]!) * inputs);

function inWords(i: number): Sample {
  const bits = new BitRows(lengths[i]!, inputs);
  sampleOf(i).forEach((z, k) => z && bits.set(Math.floor(k / inputs), k % inputs));
  return { values: bits.words, label: labels[i]! };
}

async function trained(set: BatchSource, truncate?: number) {
  const engine = new Engine(new ReferenceDevice());
  const net = new Sequential(new LIF(inputs, 9, { weightGain: 3 }), new Readout(9, 2)).initialize(1);
  const options = { loss: loss.ceMean(), optimizer: new Adam({ lr: 0.01 }), epochs: 2, batchSize: 4, seed: 5 };
  const { epochs } = await train(engine, net, set, { ...options, ...(truncate ? { truncate } : {}) });
  const scored = await evaluate(engine, net, set, { loss: loss.ceMean(), batchSize: 3 });
  return {
    losses: epochs.map((e) => e.loss),
    scored: [scored.loss, ...scored.predictions],
    weights: net.parameters().map((p) => [...p.data]),
  };
}

const set = new Dataset({ steps, inputs, values: spikes, labels, lengths, form: 'bits' });

describe('a loader', () => {
  it.each([undefined, 16, 13])('trains as a data set of the same spikes does (windows of %s)', async (truncate) => {
    const expected = await trained(set, truncate);
    const words = new DataLoader({ count, steps, inputs, form: 'bits', lengths, decode: inWords });
    expect(await trained(words, truncate)).toEqual(expected);
    const plain = (i: number): Sample => ({ values: sampleOf(i), label: labels[i]! });
    const spikesOnly = new DataLoader({ count, steps, inputs, form: 'bits', lengths, decode: plain });
    expect(await trained(spikesOnly, truncate)).toEqual(expected);
  });

  it('trains as well on batches that are padded to themselves', async () => {
    const loader = new DataLoader({ count, steps, inputs, form: 'bits', lengths, decode: inWords, padTo: 8 });
    expect((await loader.batch([0])).shape).toEqual([16, 1, inputs]);
    const [whole, padded] = [await trained(set), await trained(loader)];
    padded.losses.forEach((x, e) => {
      expect(x).toBeCloseTo(whole.losses[e]!, 6);
    });
  });

  it('has the order of fit in loops of one’s own', async () => {
    const asked: number[] = [];
    const spy: BatchSource = {
      ...{ count, steps, inputs, form: 'bits' },
      batch: (which) => {
        asked.push(...Array.from(which));
        return set.batch(which);
      },
    };
    await train(new Engine(new ReferenceDevice()), new Sequential(new Readout(inputs, 2)).initialize(1), spy, {
      ...{ loss: loss.ceMean(), optimizer: new Adam(), epochs: 2, batchSize: 4, seed: 9 },
    });
    expect(asked).toEqual([...epochOrder(count, 9, 1), ...epochOrder(count, 9, 2)]);
  });

  it('is asked for the next batch before the step at hand has ended', async () => {
    const device = new ReferenceDevice();
    const compile = device.compile.bind(device);
    const events: string[] = [];
    let ended = 0;
    device.compile = async (step) => {
      const executable = await compile(step);
      const run = executable.run.bind(executable);
      executable.run = async (given) => {
        await run(given);
        // as on a device that takes its time
        await new Promise((resolve) => setTimeout(resolve, 20));
        events.push(`step ${ended++} ended`);
      };
      return executable;
    };
    let decoded = 0;
    const decode = async (i: number): Promise<Sample> => {
      if (decoded++ % 2 === 0) events.push(`batch ${decoded >> 1} asked for`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return inWords(i);
    };
    const loader = new DataLoader({ count, steps, inputs, form: 'bits', lengths, decode });
    const net = new Sequential(new LIF(inputs, 5), new Readout(5, 2)).initialize(1);
    const options = { loss: loss.ceMean(), optimizer: new Adam(), epochs: 1, batchSize: 2, onWarning: () => undefined };
    await train(new Engine(device), net, loader, options);
    expect(ended).toBe(5);
    for (let k = 0; k < 4; k++)
      expect(events.indexOf(`batch ${k + 1} asked for`)).toBeLessThan(events.indexOf(`step ${k} ended`));
  });
});

describe('spikes in words', () => {
  const placed = (values: ArrayLike<number>, shape: readonly number[]) => {
    const tape = new Engine(new Recorder()).tape();
    return tape.data.get(inputOf(tape, { values, shape, form: 'bits' }).id);
  };

  it('reach the device as those given one by one do', async () => {
    const loader = new DataLoader({ count, steps, inputs, form: 'bits', lengths, decode: inWords });
    const which = [3, 0, 9];
    const { values, shape } = await loader.batch(which);
    expect(placed(values, shape)).toEqual(placed(set.batch(which).values, shape));
    // 32 and 1 neurons: no padding, and the case in which both forms are the same numbers
    for (const N of [32, 1, 64, 33]) {
      const z = Uint8Array.from({ length: 50 * 2 * N }, (_, k) => ((k * 31) % 5 < 2 ? 1 : 0));
      const rows = new BitRows(50 * 2, N);
      z.forEach((x, k) => x && rows.set(Math.floor(k / N), k % N));
      expect(placed(rows.words, [50, 2, N])).toEqual(placed(z, [50, 2, N]));
    }
  });

  it('are refused with spikes of neurons that there are not', () => {
    expect(() => placed(Uint32Array.of(1, 8), [2, 1, 3])).toThrow('x: value 1 is 8, expected no spike beyond neuron 2');
    expect(() => placed(Uint32Array.of(2), [1, 1, 1])).toThrow('x: value 0 is 2');
    expect(() => placed(Uint32Array.of(1, 2, 3), [2, 1, 3])).toThrow('x: shape [2, 1, 3] has 6 values, got 3');
  });
});
