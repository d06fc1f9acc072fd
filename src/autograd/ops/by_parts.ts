import type { Storage } from '../../device/storage.ts';
import type { Segment } from '../../kernels/segments.ts';
import type { Arrival } from '../arrivals.ts';
import type { Lowering, Rows } from '../lowering.ts';
import type { Node } from '../op.ts';
import type { Tensor } from '../tensor.ts';

// What operations have in common that treat each step by itself, from one input to one output: they can be run, and their
// gradients taken, part of time by part of time.

/** The shape of a tensor over a part of time, or over all of it. */
export const shapeOf = ({ shape }: Tensor, part?: Segment): readonly number[] =>
  part ? [part.t1 - part.t0, ...shape.slice(1)] : shape;

/** `takes` of such an operation: its input must take the same parts. */
export const takesParts = (low: Lowering, { inputs: [x] }: Node, parts: readonly Segment[]): boolean =>
  !low.needs(x!) || low.takes(x!, parts);

/**
 * `forwardPart` of such an operation.
 *
 * @param make puts what becomes of these rows of the input into the beginning of `to`
 */
export const forwardPart =
  <A>(make: (low: Lowering, node: Node<A>, x: Rows, to: Storage) => Storage) =>
  (low: Lowering, node: Node<A>, part: Segment, to?: Storage): Storage => {
    const y = node.outputs[0]!;
    return make(low, node, low.rowsOf(node.inputs[0]!, part), to ?? low.make(y.name, 'f32', shapeOf(y, part)));
  };

/**
 * `backward` of such an operation, over all time or part by part, as the gradient arrives.
 *
 * @param back makes the parameters' gradients from dy, over a part of time alone if one is given (its first step is dy's first
 *   row), and says what arrives at the input
 */
export function backwardByParts(low: Lowering, node: Node, back: (dy: Storage, part?: Segment) => Arrival): void {
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  const { parts, make } = low.arrival(y) ?? {};
  if (parts === 'any' && node.params.length === 0) {
    if (low.needs(x)) low.addArrival(x, { parts, make: (part) => back(make!(part), part).make(part) });
    return;
  }
  if (!parts || parts === 'any') {
    const dy = low.gradient(y);
    const arrival = dy && back(dy);
    if (!arrival || !low.needs(x)) return;
    if (arrival.product) low.addArrival(x, arrival);
    else low.addGradient(x, arrival.make());
    return;
  }
  const backPart = (part: Segment): Arrival => {
    const arrival = back(make!(part), part);
    // what waits would hold on to dy
    low.pending.flush();
    return arrival;
  };
  if (low.needs(x)) low.addArrival(x, { parts, make: (part) => backPart(part!).make(part) });
  else for (const part of [...parts].reverse()) backPart(part);
}
