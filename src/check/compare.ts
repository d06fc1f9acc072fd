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
  const reference = await onDevice(new Engine(device), experiment);

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
  const tape = engine.tape({ step: 0 });
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

/** What several comparisons found, checked as they come in. */
export class Tally {
  readonly #largest = new Map<string, number>();
  #spikes = 0;
  #compared = 0;
  #flips = 0;
  #nearest = 0;
  #worst: Difference = { name: 'nothing', relative: 0, magnitude: 0 };

  /** @throws when a tensor differs by more than TOLERANCE, or a spike where it must not */
  add(what: string, { differences, flips, spikes }: Comparison): void {
    for (const d of differences) {
      if (!(d.relative < TOLERANCE)) {
        throw new Error(
          `${what}: ${d.name} differs by ${d.relative.toExponential(2)} of its largest magnitude ${d.magnitude.toExponential(2)}`,
        );
      }
      if (d.relative > this.#worst.relative) this.#worst = { ...d, name: `${d.name} (${what})` };
      this.#largest.set(d.name, Math.max(this.#largest.get(d.name) ?? 0, d.magnitude));
    }
    if (flips.largest >= NEAR)
      throw new Error(`${what}: a spike differs where the reference has |x| = ${flips.largest}`);
    this.#spikes += spikes;
    this.#compared += flips.compared;
    this.#flips += flips.count;
    this.#nearest = Math.max(this.#nearest, flips.largest);
  }

  /**
   * @param zero names of tensors that are 0 by the equations
   * @throws when too many spikes differed, another tensor was 0 throughout, or the neurons were too silent or too loud
   */
  finish(log: (...values: unknown[]) => void, zero: readonly string[] = []): void {
    log(`largest difference ${this.#worst.relative.toExponential(1)}: ${this.#worst.name}`);
    for (const [name, magnitude] of this.#largest) {
      if ((magnitude === 0) !== zero.includes(name))
        throw new Error(`the largest magnitude of ${name} was ${magnitude} in all comparisons`);
    }
    if (this.#compared === 0) return;
    const share = this.#spikes / this.#compared;
    log(
      `${this.#flips} of ${this.#compared} spikes differ (largest |x| ${this.#nearest.toExponential(1)}), ${(100 * share).toFixed(1)} % fire`,
    );
    if (this.#flips > RARE * this.#compared) throw new Error(`${this.#flips} of ${this.#compared} spikes differ`);
    if (share < 0.03 || share > 0.4)
      throw new Error(`${(100 * share).toFixed(1)} % of the neurons fire, too few or too many to test with`);
  }
}
