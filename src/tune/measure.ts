import { Engine } from '../autograd/engine.ts';
import type { Device } from '../device/device.ts';
import { budgetOf } from '../kernels/budget.ts';
import { chooseTimePath, type LayerShape, type PathName } from '../kernels/time_path.ts';
import { LIF } from '../layers/lif.ts';
import { Sequential } from '../layers/sequential.ts';
import { rate } from '../loss/regularize.ts';

/** Part of a dispatch's budget that a run may cost: 2 ms of a small GPU, 20 ms of a CPU that plays one. */
const SHARE = 1 / 50;
/** Runs of each path, and the milliseconds after which no further one begins. */
const RUNS = 3;
const ENOUGH = 60;

/**
 * Milliseconds of some training steps of a made-up layer of this shape, a tenth of whose neurons spike, by a path: the fastest
 * of three, after one in which everything is compiled.
 */
export async function timePath(device: Device, layer: LayerShape, path: PathName): Promise<number> {
  const { N, B } = layer;
  const { work } = chooseTimePath(layer, device.limits, { path });
  const T = Math.round(Math.min(layer.T, 64, Math.max(4, (SHARE * budgetOf(device.limits).dispatch) / work)));
  const engine = new Engine(device);
  engine.tuning = { choice: () => path, measure: async () => false };
  // weights of 0 are read as others are, and leave the spikes to the current
  const zeros = (): Float64Array => new Float64Array(N * N);
  const net = new Sequential(new LIF(N, { recurrent: true, recurrentInit: zeros, reset: 'zero' }));
  const current = Float32Array.from({ length: T * B * N }, (_, i) => ((i * 7919) % 1009 < 101 ? 1.5 : 0));
  const run = async (): Promise<number> => {
    const tape = engine.tape();
    const began = performance.now();
    net.forward(tape.input(current, { shape: [T, B, N] }));
    rate({ target: 0.5 })(tape).backward();
    const activity = tape.cells[0]!.activity.keep();
    await tape.run();
    await activity.read();
    return performance.now() - began;
  };
  engine.bind(net);
  try {
    await run();
    const times = [await run()];
    while (times.length < RUNS && times.reduce((a, b) => a + b) < ENOUGH) times.push(await run());
    return Math.min(...times);
  } finally {
    engine.unbind(net);
  }
}
