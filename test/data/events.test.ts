import { expect, it } from 'vitest';
import { binEvents, readNmnist } from '../../datasets/index.ts';
import { dataFolder } from './folder.ts';

it('reads a recording of N-MNIST: 4,325 events in three strokes of the camera', async () => {
  const events = readNmnist(await dataFolder('events').read('sample_nmnist.bin'), 'sample_nmnist.bin');
  expect([events.count, events.time[0], events.time.at(-1)]).toEqual([4325, 654, 311175]);
  expect(events.polarity.reduce((a, b) => a + b, 0)).toBe(2145);
  // about as many events in each stroke of 100 ms
  const { values, inputs, shape } = binEvents(events, { steps: 3, values: 'counts' });
  expect(shape).toEqual([2, 34, 34]);
  const strokes = [0, 1, 2].map((t) => values.subarray(t * inputs, (t + 1) * inputs).reduce((a, b) => a + b, 0));
  expect(strokes.reduce((a, b) => a + b, 0)).toBe(4325);
  expect(Math.min(...strokes)).toBeGreaterThan(1000);
});
