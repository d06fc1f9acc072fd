import { Engine } from '../autograd/engine.ts';
import type { Tape } from '../autograd/tape.ts';
import { ReferenceDevice } from '../reference/device.ts';
import type { Twin } from '../reference/twin.ts';
import { dual } from './dual.ts';
import { gradient64, loss64, parameterGradient64 } from './float64.ts';
import { naive, primitive, step, type Tensors } from './naive.ts';
import { Random } from './random.ts';
import type { Trial } from './trial.ts';

/** How well the gradient of one tensor agrees with the exact derivative of the naive net along a random direction. */
export interface Agreement {
  readonly name: string;
  /** Size of the derivative: the root of the sum of squares of gradient * direction. */
  readonly size: number;
  /** Difference of the derivatives, over that size. */
  readonly error: number;
}

export interface Judgement {
  /** Difference of the two losses, over their size. */
  readonly value: number;
  readonly agreements: readonly Agreement[];
}

/** Above this, a gradient is wrong. */
export const EXACT = 1e-6;

/** Gradients of a trial in the smooth mode, as the derived adjoint has them in float64. */
export interface Smooth {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float64Array>;
}

/** @param twins others than the reference's own, to see a check fail */
export async function smoothGradients(trial: Trial, twins: ReadonlyMap<string, Twin> = new Map()): Promise<Smooth> {
  const engine = new Engine(new ReferenceDevice({ smooth: true, twins }));
  const { experiment } = trial;
  engine.bind(experiment.module);
  const tape: Tape = engine.tape();
  const recorded = experiment.record(tape);
  for (const t of recorded.inputs) t.keepGradient();
  recorded.loss.backward();
  await tape.run();
  const gradients = new Map<string, Float64Array>();
  for (const p of tape.arena!.parameters) if (p.trainable) gradients.set(p.name, parameterGradient64(tape, p).slice());
  for (const t of recorded.inputs) gradients.set(t.name, await gradient64(t, recorded.loss));
  return { loss: await loss64(recorded.loss), gradients };
}

/** Compares every gradient of a trial with dual numbers, each tensor along a random direction of its own. */
export function judge(trial: Trial, smooth: Smooth): Judgement {
  const spike = trial.layer.surrogate ? primitive(trial.layer.surrogate) : step;
  const random = new Random(`${trial.facts.seed}/directions`);
  let value = 0;
  const agreements: Agreement[] = [];
  for (const [moved, gradient] of smooth.gradients) {
    let u: number[] = [];
    const tensors: Tensors = (name, values) =>
      Array.from(values, (x) => {
        if (name !== moved) return dual(x);
        const direction = random.normal() * Math.max(1, Math.abs(x));
        u.push(direction);
        return dual(x, direction);
      });
    u = [];
    const { loss } = naive(trial, tensors, spike);
    value = Math.abs(loss.value - smooth.loss) / Math.max(1e-300, Math.abs(loss.value));
    const products = u.map((d, i) => d * gradient[i]!);
    const size = Math.hypot(...products);
    const difference = Math.abs(loss.tangent - products.reduce((a, b) => a + b, 0));
    agreements.push({ name: moved, size, error: difference === 0 ? 0 : difference / size });
  }
  return { value, agreements };
}
