import type { Engine } from '../autograd/engine.ts';
import { withLengths } from '../autograd/ops/lengths.ts';
import { inputOf } from '../autograd/sample.ts';
import { CarriedState } from '../layers/layer.ts';
import type { Sequential } from '../layers/sequential.ts';
import { answersOf } from '../loss/result.ts';
import type { Batch } from './dataset.ts';
import { Monitor } from './monitor.ts';
import type { Settings } from './options.ts';
import type { Readings } from './readings.ts';
import { windowsOf } from './windows.ts';

/** Trains a net with batches: a step each, or one for each window. */
export function trainer(
  engine: Engine,
  net: Sequential,
  steps: number,
  { loss: lossOf, optimizer, regularizers, seed, memory, precision, truncate, bound }: Settings,
): (batch: Batch, number: number, readings: Readings) => Promise<void> {
  const windows = truncate ? Math.ceil(steps / truncate.steps) : 1;
  return async (whole, number, readings) => {
    const [T, B] = whole.shape;
    const perStep = whole.targets?.length === T * B * net.outputs;
    const state = new CarriedState();
    for (const [w, window] of windowsOf(whole, truncate, perStep).entries()) {
      const { batch, from, before, after, judged, weight } = window;
      const tape = engine.tape({ seed, step: number * windows + w, memory, precision });
      const y = net.forward(inputOf(tape, batch), before || after ? { state } : {});
      if (truncate && y.shape[0] !== batch.shape[0])
        throw new Error(
          `fit: truncate cuts the steps of the data; the net makes ${y.shape[0]} steps of ${batch.shape[0]}, so leave it out, or encode the data before`,
        );
      const part = { from, steps, mask: batch.mask };
      const { loss, result } = lossOf(judged ? withLengths(y, judged) : y, answersOf(batch, lossOf), part);
      const learns = weight > 0 || regularizers.length > 0;
      if (learns) regularizers.reduce((sum, add) => sum.add(add(tape)), loss.scale(weight)).backward();
      Monitor.watch(tape, result);
      const norm = learns && bound ? optimizer.gradientNorm(tape) : null;
      if (norm) tape.report(norm);
      await (learns ? optimizer.step(tape) : tape.run());
      readings.step(tape, window, norm);
    }
  };
}
