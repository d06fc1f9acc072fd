import { expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { inputOf } from '../../src/autograd/sample.ts';
import { Recorder } from '../../src/device/recorder.ts';
import {
  Adam,
  Dataset,
  diagnose,
  Encode,
  encode,
  evaluate,
  LIF,
  loss,
  Readout,
  Sequential,
  fit as train,
} from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';

// Data sets reach a step packed: bits for spikes, bytes for pixels.

const [steps, inputs, count] = [6, 7, 4];
const pixels = Uint8Array.from({ length: count * steps * inputs }, (_, i) => (37 * i) % 256);
const labels = [0, 1, 1, 0];

it('bytes of pixels are one byte each on the way, and value / 255 for the net', async () => {
  const set = new Dataset({ steps, inputs, values: pixels, labels, form: 'bytes' });
  expect(set.subset([1, 2]).form).toBe('bytes');
  const batch = set.batch([2, 0]);
  const packed = new Engine(new Recorder()).tape();
  inputOf(packed, batch);
  const [data] = [...packed.data.values()] as Uint32Array[];
  // rows of 7 are padded to 8
  expect(data!.byteLength).toBe(steps * 2 * 8);

  const tape = new Engine(new ReferenceDevice()).tape();
  const x = inputOf(tape, batch).keep();
  await tape.run();
  const expected = Float32Array.from(batch.values, (v) => v / 255);
  const seen = await x.read();
  expect(x.form).toBe('f32');
  seen.forEach((v, i) => {
    expect(v).toBeCloseTo(expected[i]!, 6);
  });
});

it('trains, scores and is diagnosed as the same values in floats are', async () => {
  const run = async (form: 'bytes' | 'f32') => {
    const values = form === 'bytes' ? pixels : Float64Array.from(pixels, (v) => v / 255);
    const set = new Dataset({ steps, inputs, values, labels, form });
    const engine = new Engine(new ReferenceDevice());
    const net = new Sequential(new LIF(inputs, 9, { weightGain: 3 }), new Readout(9, 2)).initialize(1);
    const { epochs } = await train(engine, net, set, {
      loss: loss.ceMean(),
      optimizer: new Adam({ lr: 0.01 }),
      epochs: 2,
      batchSize: 4,
      truncate: 4,
    });
    const { loss: scored } = await evaluate(engine, net, set, { loss: loss.ceMean() });
    const { layers } = await diagnose(engine, net, set.batch([0, 3]));
    return [...epochs.map((e) => e.loss), scored, layers[0]!.rate!, layers[1]!.voltageMax];
  };
  const [bytes, floats] = [await run('bytes'), await run('f32')];
  bytes.forEach((x, i) => {
    expect(x).toBeCloseTo(floats[i]!, 5);
  });
});

it('an encoder takes them', async () => {
  const images = new Dataset({ steps: 1, inputs: 6, values: pixels.subarray(0, 24), labels, form: 'bytes' });
  const net = new Sequential(new Encode(6, encode.rate({ steps: 5 })), new LIF(6, 5), new Readout(5, 2));
  const engine = new Engine(new ReferenceDevice());
  engine.bind(net);
  const { predictions } = await evaluate(engine, net, images, { loss: loss.ceMean() });
  expect(predictions).toHaveLength(4);
});

it('refuses what is no byte, with the place', () => {
  const values = Float32Array.from(pixels);
  values[inputs * (steps + 2) + 3] = 12.5;
  expect(() => new Dataset({ steps, inputs, values, labels, form: 'bytes' })).toThrow(
    'Dataset: sequence 1, step 2, input 3 is 12.5, expected an integer in 0..255',
  );
  values[inputs * (steps + 2) + 3] = 256;
  expect(() => new Dataset({ steps, inputs, values, labels, form: 'bytes' })).toThrow('is 256, expected an integer');
});
