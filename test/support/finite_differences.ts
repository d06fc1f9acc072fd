import { Engine } from '../../src/autograd/engine.ts';
import type { Loss } from '../../src/autograd/loss.ts';
import type { Tape } from '../../src/autograd/tape.ts';
import { rows, width } from '../../src/device/storage.ts';
import { quads } from '../../src/kernels/sizes.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import type { Twin } from '../../src/reference/twin.ts';
import type { Experiment, Recorded } from './experiment.ts';
import { gradient64, loss64, parameter64, parameterGradient64 } from './float64.ts';
import { Random } from './random.ts';

/** How well one gradient agrees with central differences of the loss. */
export interface Agreement {
  readonly name: string;
  /** Size of the derivative along a random direction: the root of the sum of squares of gradient * direction. */
  readonly size: number;
  /** Difference from the central difference, over that size. */
  readonly error: number;
}

/** Small enough that a direction seldom crosses a kink of a surrogate, large enough that rounding stays below 1e-8. */
const STEP = 2e-6;

/**
 * Compares every gradient of an experiment in the smooth mode with central differences: parameters, inputs and initial
 * states, each along a random direction.
 *
 * @param twins others than the reference's own, to see the check fail
 */
export async function finiteDifferences(
  experiment: Experiment,
  options: { twins?: ReadonlyMap<string, Twin> } = {},
): Promise<Agreement[]> {
  const shifts = new Map<string, Float64Array>();
  const device = new ReferenceDevice({
    smooth: true,
    twins: options.twins ?? new Map(),
    adjust: (name, values) => {
      shifts.get(name)?.forEach((d, i) => {
        values[i]! += d;
      });
    },
  });
  const engine = new Engine(device);
  engine.bind(experiment.module);
  const run = async (): Promise<{ tape: Tape; recorded: Recorded; loss: Loss }> => {
    // the same random numbers in every run
    const tape = engine.tape({ step: 0 });
    const recorded = experiment.record(tape);
    for (const t of recorded.inputs) t.keepGradient();
    recorded.loss.backward();
    await tape.run();
    return { tape, recorded, loss: recorded.loss };
  };
  const first = await run();
  const { tape } = first;
  const random = new Random('directions');
  const direction = (at: ArrayLike<number>): Float64Array =>
    Float64Array.from(at, (x) => random.normal() * Math.max(1, Math.abs(x)));

  const agreements: Agreement[] = [];
  const compare = async (
    name: string,
    gradient: Float64Array,
    u: Float64Array,
    move: (by: number) => void,
  ): Promise<void> => {
    const lossAt = async (by: number): Promise<number> => {
      move(by);
      const { loss } = await run();
      move(-by);
      return loss64(loss);
    };
    const measured = ((await lossAt(STEP)) - (await lossAt(-STEP))) / (2 * STEP);
    const products = u.map((x, i) => x * gradient[i]!);
    const size = Math.hypot(...products);
    const error = Math.abs(measured - products.reduce((a, b) => a + b, 0)) / size;
    agreements.push({ name, size, error });
  };
  const trained = tape.arena!.parameters.filter((p) => p.trainable);
  const learned = trained.map((p) => parameterGradient64(tape, p).slice());
  const given = await Promise.all(first.recorded.inputs.map((t) => gradient64(t, first.loss)));
  for (const [i, p] of trained.entries()) {
    const u = direction(p.data);
    await compare(p.name, learned[i]!, u, (by) => {
      const values = parameter64(tape, p);
      u.forEach((d, k) => {
        values[k]! += by * d;
      });
    });
  }
  for (const [i, t] of first.recorded.inputs.entries()) {
    const u = direction(new Float64Array(given[i]!.length));
    await compare(t.name, given[i]!, u, (by) => {
      const [n, pitch] = [width(t.shape), 4 * quads(width(t.shape))];
      const shift = shifts.get(t.name) ?? new Float64Array(rows(t.shape) * pitch);
      u.forEach((d, k) => {
        shift[Math.floor(k / n) * pitch + (k % n)]! += by * d;
      });
      shifts.set(t.name, shift);
    });
  }
  return agreements;
}
