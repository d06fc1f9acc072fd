import { Engine } from '../autograd/engine.ts';
import type { Tape } from '../autograd/tape.ts';
import { ReferenceDevice, type ReferenceOptions } from '../reference/device.ts';
import { gradient64, loss64, parameterGradient64, read64 } from './float64.ts';
import type { Trial } from './trial.ts';

/** What the derived adjoint makes of a trial in float64. */
export interface ReferenceGradients {
  readonly loss: number;
  /** By tensor: every trained parameter, and the inputs that the trial lists. */
  readonly gradients: ReadonlyMap<string, Float64Array>;
  /** The layer's, [T, B, N]; null for a neuron that does not spike. */
  readonly spikes: Float64Array | null;
}

/**
 * Runs a trial on the reference.
 *
 * @param options of the reference: smooth or spiking, other twins, spikes imposed
 * @param prepare may change parameters in the device's memory before the step runs
 */
export async function referenceGradients(
  { experiment }: Trial,
  options: ReferenceOptions = {},
  prepare: (tape: Tape) => void = () => {},
): Promise<ReferenceGradients> {
  const engine = new Engine(new ReferenceDevice(options));
  engine.bind(experiment.module);
  const tape = engine.tape({ memory: experiment.memory ?? 'full' });
  const recorded = experiment.record(tape);
  for (const t of recorded.inputs) t.keepGradient();
  const z = tape.cells[0]!.z?.keep();
  recorded.loss.backward();
  prepare(tape);
  await tape.run();
  const gradients = new Map<string, Float64Array>();
  for (const p of tape.arena!.parameters) if (p.trainable) gradients.set(p.name, parameterGradient64(tape, p).slice());
  for (const t of recorded.inputs) gradients.set(t.name, await gradient64(t, recorded.loss));
  return { loss: await loss64(recorded.loss), gradients, spikes: z ? await read64(z) : null };
}
