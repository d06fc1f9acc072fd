import type { Engine } from '../autograd/engine.ts';
import type { GpuDevice } from '../gpu/device.ts';
import { TimestampTimer, WallClockTimer } from '../gpu/timing.ts';
import { Profile } from './profile.ts';
import { Tally } from './tally.ts';

/**
 * Measures every dispatch of the steps that run inside `action`, whatever runs them: `fit`, `evaluate`, a loop of one's
 * own. Results are bit for bit what they are without. Let a few steps run before, so that compilation is not among what is measured.
 *
 *     console.log(String(await profile(engine, () => fit(engine, net, set, options))));
 *
 * @param action awaited; steps that it leaves running are not counted
 * @throws when the engine is on no GPU, when it is being profiled already, when no step ran, or what the action throws
 */
export async function profile(engine: Engine<GpuDevice>, action: () => unknown): Promise<Profile> {
  const { device } = engine;
  if (!('timer' in device))
    throw new Error(
      `profile: the engine must be on a GPU, as init() gives it; '${(device as { name: string }).name}' has no kernels to time`,
    );
  if (device.timer) throw new Error('profile: this engine is being profiled already; wait for that to end');
  const tally = new Tally();
  const timestamps = device.features.has('timestamp-query');
  const timer = new (timestamps ? TimestampTimer : WallClockTimer)(device, tally);
  const { pipelines, compileMs } = device.counters;
  let began: number;
  let ended: number;
  try {
    await idle(device);
    device.timer = timer;
    began = performance.now();
    await action();
    await idle(device);
    ended = performance.now();
  } finally {
    device.timer = null;
    await timer.end();
  }
  if (tally.steps === 0) throw new Error('profile: no step ran; let the action give the promise of what trains');
  const { counters } = device;
  return new Profile({
    adapter: device.name,
    method: timestamps ? 'timestamps' : 'wall clock',
    steps: tally.steps,
    submits: tally.submits,
    rows: tally.rows,
    wallMs: ended - began,
    pipelines: counters.pipelines - pipelines,
    compileMs: counters.compileMs - compileMs,
    memory: device.report(),
  });
}

/** Waits for what was submitted. */
const idle = (device: GpuDevice): Promise<undefined> => device.alive(device.device.queue.onSubmittedWorkDone());
