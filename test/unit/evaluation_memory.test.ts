import { expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { Recorder } from '../../src/device/recorder.ts';
import { byteLength } from '../../src/device/storage.ts';
import { planMemory } from '../../src/gpu/plan.ts';
import { AHP, loss, Readout, Sequential } from '../../src/index.ts';

// What a step without a backward pass holds: spikes between the layers, and what is read.

const [T, B, N] = [256, 4, 64];

/** Bytes of the buffers of a step that depend on its length. */
async function planned(options: { training?: boolean; keep?: boolean; whole?: boolean }): Promise<number> {
  const bytes = async (steps: number): Promise<number> => {
    const device = new Recorder();
    const engine = new Engine(device);
    const net = new Sequential(new AHP(8, N, { recurrent: true }), new AHP(N, N), new Readout(N, 4));
    engine.bind(net);
    const tape = engine.tape({ training: options.training ?? false });
    const x = tape.input(new Float32Array(steps * B * 8), { shape: [steps, B, 8], form: 'bits' });
    const y = net.forward(x);
    if (options.keep) tape.cells[0]!.v.keep();
    const of = loss.crossEntropy({ at: options.whole ? 'each step' : 'last' });
    const { loss: value, result } = of(y, [0, 1, 2, 3]);
    if (options.training) value.backward();
    tape.report(result);
    await tape.run();
    return planMemory(device.steps[0]!).buffers.reduce((sum, buffer) => sum + buffer.bytes, 0);
  };
  return (await bytes(2 * T)) - (await bytes(T));
}

const spikes = byteLength({ form: 'bits', shape: [T, B, N] });
const voltages = byteLength({ form: 'f32', shape: [T, B, N] });

it('evaluation saves nothing for the backward pass: spikes alone grow with the length', async () => {
  expect(await planned({})).toBeLessThanOrEqual(2 * spikes);
  expect(await planned({ training: true })).toBeGreaterThanOrEqual(2 * (spikes + voltages));
});

it('holds what is read besides', async () => {
  const readout = byteLength({ form: 'f32', shape: [T, B, 4] });
  expect(await planned({ whole: true })).toBeLessThanOrEqual(2 * spikes + 2 * readout);
  expect(await planned({ keep: true })).toBe((await planned({})) + voltages);
});
