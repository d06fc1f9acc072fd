import * as kernels from '../../kernels/gate.ts';
import { overRows, quads } from '../../kernels/sizes.ts';
import type { Op } from '../op.ts';
import type { Parameter } from '../parameter.ts';
import type { Tensor } from '../tensor.ts';
import { sumRows } from './linear.ts';

const op: Op<null> = {
  name: 'gate',
  key: () => '',
  forward(low, node) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const [b, g] = node.params as [Parameter, Parameter];
    const [T, B, N] = x.shape as [number, number, number];
    low.call(kernels.gate, node.label, {
      dims: { T, B, Q: quads(N), b_at: low.constants([b], N), g_at: low.weights(g, 'post') },
      buffers: { effective: low.effective, x: low.of(x), y: low.give(y, low.make(y.name, 'f32', y.shape)) },
      groups: overRows(Math.ceil(quads(N) / 8), T * B),
    });
  },
  backward(low, node) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const [b, g] = node.params as [Parameter, Parameter];
    const dy = low.gradient(y);
    if (!dy) return;
    const [T, B, N] = x.shape as [number, number, number];
    const steps = g.shape[0]!;
    const dx = low.make(`gradient of ${x.name}`, 'f32', x.shape);
    const dB = low.make(`${node.label} gradient of b`, 'f32', [T, N]);
    const learned = g.trainable;
    low.call(kernels.gateBackward, `${node.label} gradient`, {
      variant: { constants: { LEARN_G: learned } },
      dims: {
        T,
        B,
        N,
        Q: quads(N),
        b_at: low.constants([b], N),
        g_at: low.weights(g, 'post'),
        steps,
        ...(learned ? low.gradientOf(g) : { dest: 0, accumulate: 0 }),
      },
      buffers: { effective: low.effective, x: low.of(x), dy, dx, d_b: dB, grads: learned ? low.arena.grads : null },
      groups: [Math.ceil(quads(N) / 8), Math.ceil(steps / 8), 1],
    });
    if (b.trainable)
      sumRows(low, `${node.label} gradient of b`, {
        x: dB,
        source: 0,
        rows: T,
        N,
        p: b,
        perLayer: b.data.length === 1 && N > 1,
      });
    if (low.needs(x)) low.addGradient(x, dx);
  },
};

/**
 * x (1 - sigmoid(b) (1 - sigmoid(g_t))): the gate of a GLIF neuron on its input.
 *
 * @param x [T, B, N] dense, T at most the steps of g
 * @param b logits of how much the gate counts, [N] or [1]
 * @param g logits of how far it is open at each step, [steps, N]
 */
export function gate(x: Tensor, b: Parameter, g: Parameter, label = 'gate'): Tensor {
  const [T, , N] = x.shape as [number, number, number];
  const [steps, width] = g.shape as [number, number];
  if (x.form !== 'f32' || x.shape.length !== 3 || N !== width)
    throw new Error(`${label}: expects a current [T, B, ${width}], got ${x}`);
  if (T > steps) throw new Error(`${label}: has a gate for each of ${steps} steps, got ${T} steps`);
  return x.tape.record(
    op,
    [x],
    [b, g],
    null,
    [
      {
        form: 'f32',
        shape: x.shape,
        requiresGrad: x.requiresGrad || b.trainable || g.trainable,
        name: `${label} current`,
        lengths: x.lengths,
      },
    ],
    `${label} gate`,
  )[0]!;
}
