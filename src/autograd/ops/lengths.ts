import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';

const op: Op<null> = {
  name: 'lengths',
  key: () => '',
  // the same memory, no dispatch: the lengths alone are others
  forward(low, node) {
    low.give(node.outputs[0]!, low.of(node.inputs[0]!));
  },
  backward(low, node) {
    const g = low.gradient(node.outputs[0]!);
    if (g && low.needs(node.inputs[0]!)) low.addGradient(node.inputs[0]!, g);
  },
};

/**
 * A tensor [T, B, N] with other valid steps for what comes after it; a sample of length 0 counts in no loss.
 *
 * @param values [B] integers in 0 .. T, none above what the sample has
 */
export function withLengths(x: Tensor, values: Uint32Array): Tensor {
  const { tape, form, shape, requiresGrad, name } = x;
  const tensor = tape.input(values, { shape: [values.length], form: 'words', name: 'lengths' });
  return tape.record(op, [x], [], null, [{ form, shape, requiresGrad, name, lengths: { tensor, values } }])[0]!;
}
