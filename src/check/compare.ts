import { Engine } from '../autograd/engine.ts';
import type { Tape } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { GpuDevice } from '../gpu/device.ts';
import { type Flips, ReferenceDevice } from '../reference/device.ts';
import type { Experiment, Recorded } from './experiment.ts';
import { gradient64, loss64, parameterGradient64, read64 } from './float64.ts';

/** Largest difference of a tensor over its largest magnitude, and that magnitude. */
export interface Difference {
  readonly name: string;
  readonly relative: number;
  readonly magnitude: number;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** Where the reference's own spike would have been another, the GPU's spikes being given. */
  readonly flips: Flips;
  /** Spikes of the GPU. */
  readonly spikes: number;
}

/** Differences that are allowed. */
export const TOLERANCE = 1e-4;
/** A spike may differ only where the reference is this close to the threshold, in thresholds. */
export const NEAR = 1e-5;
/** Share of all spikes that may differ. */
export const RARE = 1e-4;

/**
 * Runs one step of an experiment on the GPU and on the reference, from the same float32 parameters, and compares values,
 * loss and every gradient. The reference goes on with the GPU's spikes, so that one that differs does not hide the rest.
 */
export async function compareWithReference(engine: Engine<GpuDevice>, experiment: Experiment): Promise<Comparison> {
  const gpu = await onDevice(engine, experiment);
  const imposed = new Map<string, Float32Array[]>();
  for (const { label, z } of gpu.tape.cells) {
    if (z) imposed.set(label, [...(imposed.get(label) ?? []), await z.read()]);
  }
  const device = new ReferenceDevice({ force: (label, use) => imposed.get(label)?.[use] });
  const reference = await onDevice(new Engine(device), { ...experiment, memory: 'full' });

  const differences: Difference[] = [];
  const compare = (name: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void => {
    differences.push(difference(name, actual, expected));
  };
  // where the first dimension tells quantities of different size apart, each is judged by its own size
  const compareTensor = (prefix: string, t: Tensor, actual: Float32Array, expected: Float64Array): void => {
    const name = prefix + t.name;
    if (!/(activity|final state|start)$/.test(t.name)) return compare(name, actual, expected);
    const length = actual.length / t.shape[0]!;
    for (let i = 0; i < t.shape[0]!; i++) {
      const part = [i * length, (i + 1) * length] as const;
      compare(`${name}[${i}]`, actual.subarray(...part), expected.subarray(...part));
    }
  };
  compare('loss', [await gpu.recorded.loss.value()], [await loss64(reference.recorded.loss)]);
  for (const [i, t] of gpu.recorded.values.entries()) {
    compareTensor('', t, await t.read(), await read64(reference.recorded.values[i]!));
  }
  for (const [i, t] of gpu.recorded.inputs.entries()) {
    const expected = await gradient64(reference.recorded.inputs[i]!, reference.recorded.loss);
    compareTensor('gradient of ', t, await t.readGradient(), expected);
  }
  const gradients = await gpu.tape.arena!.gradients();
  for (const p of gpu.tape.arena!.parameters) {
    if (p.trainable) compare(`gradient of ${p.name}`, gradients.get(p.name)!, parameterGradient64(reference.tape, p));
  }
  engine.unbind(experiment.module);
  const spikes = [...imposed.values()].flat().reduce((sum, z) => sum + z.reduce((a, b) => a + b, 0), 0);
  return { differences, flips: device.flips, spikes };
}

async function onDevice(engine: Engine, experiment: Experiment): Promise<{ tape: Tape; recorded: Recorded }> {
  engine.bind(experiment.module);
  // the same random numbers on both devices
  const { memory = 'full', precision = 'full' } = experiment;
  const tape = engine.tape({ step: 0, memory, precision });
  const recorded = experiment.record(tape);
  for (const t of recorded.inputs) t.keepGradient();
  for (const t of recorded.values) t.keep();
  for (const { z } of tape.cells) z?.keep();
  recorded.loss.backward();
  await tape.run();
  return { tape, recorded };
}

/** @throws when a number is not finite */
function difference(name: string, actual: ArrayLike<number>, expected: ArrayLike<number>): Difference {
  if (actual.length !== expected.length)
    throw new Error(`${name}: got ${actual.length} numbers, expected ${expected.length}`);
  let [worst, magnitude] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (!Number.isFinite(a) || !Number.isFinite(e)) throw new Error(`${name}[${i}]: got ${a}, expected ${e}`);
    worst = Math.max(worst, Math.abs(a - e));
    magnitude = Math.max(magnitude, Math.abs(e));
  }
  return { name, relative: worst === 0 ? 0 : worst / magnitude, magnitude };
}
