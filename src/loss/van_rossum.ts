import { input } from '../autograd/input.ts';
import type { Loss } from '../autograd/loss.ts';
import type { Op } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { vanRossum as kernel } from '../kernels/loss.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { countedSamples, type MaskOptions, sizes, timeWeights, weights } from './options.ts';
import { lossOf, type Part } from './result.ts';
import { gradientFor } from './sequence.ts';

export interface VanRossumOptions extends MaskOptions {
  /** Time constant of the exponential kernel in ms (10). */
  tau?: number;
  /** Length of a step in ms (1). */
  dt?: number;
}

interface Attrs {
  readonly tau: number;
  readonly dt: number;
  readonly share: number;
  weight: number;
}

const INPUT = { outputs: 0, targets: 1, mask: 2 } as const;

const op: Op<Attrs> = {
  name: 'van Rossum',
  key: () => '',
  slots: ({ attrs: { weight, share, tau, dt } }) => ({ numbers: [weight * share, Math.exp(-dt / tau), dt / tau] }),
  forward(low, node) {
    const [o, y] = [node.inputs[INPUT.outputs]!, node.inputs[INPUT.targets]!];
    const mask = node.inputs[INPUT.mask] ?? null;
    const [T, B, N] = o.shape as [number, number, number];
    const grad = gradientFor(low, node);
    low.call(kernel, node.label, {
      variant: {
        constants: {
          N,
          SPIKES: o.form === 'bits',
          HAS_LENGTHS: o.lengths !== undefined,
          HAS_MASK: mask !== null,
          HAS_GRAD: grad !== null,
        },
      },
      dims: { T, B, numbers: node.slotBase.numbers! },
      buffers: {
        outputs: low.of(o),
        targets: low.of(y),
        lengths: o.lengths ? low.of(o.lengths.tensor) : null,
        mask: mask && low.of(mask),
        result: low.give(node.outputs[0]!, low.make(node.label, 'f32', [B, 4])),
        grad,
      },
      groups: [B, 1, 1],
    });
    if (grad) low.addGradient(o, grad);
  },
};

/** @throws when an option is not what it should be */
export function checkVanRossum(options: VanRossumOptions): void {
  onlyKnown('vanRossum', options, ['tau', 'dt', 'mask']);
  const { tau = 10, dt = 1 } = options;
  for (const [name, value] of Object.entries({ tau, dt })) {
    if (!(value > 0 && Number.isFinite(value))) throw new Error(`vanRossum: ${name} must be above 0, got ${value}`);
  }
  weights('vanRossum', 'mask', options.mask);
}

/**
 * Squared distance of spike trains (van Rossum 2001): both are convolved with exp(-t/tau), and the squared difference is
 * integrated, dt/tau * sum over t of f_t^2 with f_t = exp(-dt/tau) f_{t-1} + output_t - target_t; the mean over neurons and
 * batch. The integral ends with the sample; a mask weighs its steps, not the spikes.
 *
 * @param outputs [T, B, N] spikes, or dense
 * @param targets [T, B, N] spikes, 0 and 1, time-major
 * @param part what of whole sequences the outputs are, if they are a part
 * @returns the loss, and per sample [B, 4]: its share of the loss, 0, -1, 0
 */
export function vanRossum(
  outputs: Tensor,
  targets: ArrayLike<number>,
  options: VanRossumOptions = {},
  part?: Part,
): { loss: Loss; result: Tensor } {
  checkVanRossum(options);
  const { tau = 10, dt = 1, mask } = options;
  const { tape } = outputs;
  const [T, B, N] = sizes('vanRossum', outputs);
  if (targets.length !== T * B * N)
    throw new Error(
      `vanRossum: targets must have ${T} x ${B} x ${N} (steps x samples x neurons) values, got ${targets.length}`,
    );
  const stepWeights = timeWeights('vanRossum', outputs, mask, part);
  const samples = countedSamples(outputs, stepWeights).filter(Boolean).length;
  const attrs: Attrs = { tau, dt, share: 1 / Math.max(1, samples), weight: 1 };
  const result = tape.record(
    op,
    [
      outputs,
      input(tape, targets, { shape: [T, B, N], form: 'bits', name: 'target spikes' }),
      stepWeights && input(tape, stepWeights, { shape: [T * B], name: 'mask of van Rossum' }),
    ],
    [],
    attrs,
    [{ form: 'f32', shape: [B, 4], requiresGrad: false, name: 'van Rossum' }],
  )[0]!;
  const setWeight = (f: number): void => {
    attrs.weight = f;
  };
  return { loss: lossOf(tape, 'van Rossum', result, setWeight), result };
}
