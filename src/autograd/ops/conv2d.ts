import { rows, type Storage } from '../../device/storage.ts';
import { budgetOf, partsOf } from '../../kernels/budget.ts';
import * as kernels from '../../kernels/conv.ts';
import type { Segment } from '../../kernels/segments.ts';
import { fold, quads } from '../../kernels/sizes.ts';
import type { Lowering, Rows } from '../lowering.ts';
import type { Node, Op } from '../op.ts';
import type { Parameter } from '../parameter.ts';
import type { Tensor } from '../tensor.ts';
import { backwardByParts, forwardPart, shapeOf, takesParts } from './by_parts.ts';
import { sumRows } from './linear.ts';

type Sliding = kernels.Sliding;

interface Attrs {
  readonly window: Sliding;
  readonly bias: boolean;
}

const op: Op<Attrs> = {
  name: 'conv2d',
  key: (a) => JSON.stringify(a),
  forward(low, node) {
    const y = node.outputs[0]!;
    convolve(low, node, low.rowsOf(node.inputs[0]!), low.give(y, low.make(y.name, 'f32', y.shape)));
  },
  forwardPart: forwardPart(convolve),
  takes: takesParts,
  backward: (low, node) =>
    backwardByParts(low, node, (dy, part) => {
      if (node.params.some((p) => p.trainable)) weightGradient(low, node, dy, part);
      return { make: () => inputGradient(low, node, dy, part) };
    }),
};

/** y of these rows of x, put into the beginning of `to`. */
function convolve(low: Lowering, node: Node<Attrs>, { storage: x, first, last }: Rows, to: Storage): Storage {
  const { window, bias } = node.attrs;
  const [weight, b] = node.params as [Parameter, Parameter | undefined];
  const [O, OH, OW] = window.output;
  const spikes = x.form === 'bits';
  const dims = { weights: low.weights(weight, 'pre', 'rounded'), bias: b ? low.constants([b], O) : 0, row0: first };
  // of spikes a thread makes one place, of floats four
  const threads = quads(O) * (spikes ? OH * OW : quads(OH * OW));
  for (const piece of pieces(low, { first, last }, threads, operations(window))) {
    low.call(spikes ? kernels.conv2dSpikes : kernels.conv2d, node.label, {
      variant: { constants: { ...kernels.constantsOf.conv(window), HAS_BIAS: bias } },
      dims: { ...piece.dims, ...sizeOf(window), ...dims },
      buffers: { effective: low.effective, [spikes ? 'bits' : 'x']: x, y: to },
      groups: piece.groups,
      work: piece.work,
      twin: window,
    });
  }
  return to;
}

/**
 * @param x [T, B, C H W] dense, or spikes
 * @param weight [O, C / groups, kernel rows, kernel columns]
 * @param bias [O]
 * @returns [T, B, O OH OW] dense
 */
export function conv2d(x: Tensor, weight: Parameter, bias: Parameter | undefined, window: Sliding, label: string) {
  const params = bias ? [weight, bias] : [weight];
  const trained = params.some((p) => p.trainable);
  const output = slidingOutput(x, window, label, trained);
  return x.tape.record(op, [x], params, { window, bias: bias !== undefined }, [output], label)[0]!;
}

/** What a window over x puts out. @throws when x does not hold the planes that the window slides over */
export function slidingOutput(x: Tensor, window: Sliding, label: string, trained: boolean) {
  const [C, H, W] = window.input;
  if (x.form !== 'f32' && x.form !== 'bits')
    throw new Error(`${label}: expects dense floats or spikes, got ${x}; pass it through dense(...)`);
  if (x.shape.length !== 3 || x.shape[2] !== C * H * W)
    throw new Error(`${label}: expects [T, B, ${C * H * W}] for ${C} channels of ${H} x ${W}, got ${x}`);
  const [O, OH, OW] = window.output;
  return {
    form: 'f32' as const,
    shape: [x.shape[0]!, x.shape[1]!, O * OH * OW],
    requiresGrad: trained || x.requiresGrad,
    name: `${label} output`,
    lengths: x.lengths,
  };
}

function inputGradient(low: Lowering, node: Node<Attrs>, dy: Storage, part?: Segment): Storage {
  const { window } = node.attrs;
  const x = node.inputs[0]!;
  const [C, H, W] = window.input;
  const shape = shapeOf(x, part);
  const dx = low.make(`gradient of ${x.name}`, 'f32', shape);
  const weights = low.weights(node.params[0]!, 'pre', 'rounded');
  const threads = window.groups * quads(C / window.groups) * H * W;
  for (const piece of pieces(low, { last: rows(shape) }, threads, operations(window))) {
    low.call(kernels.conv2dInput, `${node.label} input gradient`, {
      variant: { constants: kernels.constantsOf.conv(window) },
      dims: { ...piece.dims, ...sizeOf(window), weights },
      buffers: { effective: low.effective, dy, dx },
      groups: piece.groups,
      work: piece.work,
      twin: window,
    });
  }
  return dx;
}

/** Threads that keep a large GPU busy, and the most parts for that: their sums are added up one after the other. */
const BUSY = 32768;
const MOST_PARTS = 1024;

function weightGradient(low: Lowering, node: Node<Attrs>, dy: Storage, part?: Segment): void {
  const { window } = node.attrs;
  const x = node.inputs[0]!;
  const [weight, bias] = node.params as [Parameter, Parameter | undefined];
  const [O, OH, OW] = window.output;
  const hasBias = bias?.trainable ?? false;
  const spikes = x.form === 'bits';
  const taps = weight.data.length / O;
  const threads = quads(taps + (hasBias ? 1 : 0)) * window.groups * quads(O / window.groups);
  const { storage, first, last } = low.rowsOf(x, part);
  const all = (last - first) * OH;
  const perPart = Math.ceil(all / Math.min(all, MOST_PARTS, Math.ceil(BUSY / threads)));
  const count = Math.ceil(all / perPart);
  const biases = count * quads(O * taps);
  const parts = low.make(`${node.label} parts of the weight gradient`, 'f32', [biases + count * quads(O), 4]);
  for (const piece of pieces(low, { last: count }, threads, (operations(window) / OH) * perPart)) {
    low.call(spikes ? kernels.conv2dWeightSpikes : kernels.conv2dWeight, `${node.label} weight gradient`, {
      variant: { constants: { ...kernels.constantsOf.weight(window), HAS_BIAS: hasBias } },
      dims: {
        ...piece.dims,
        columns: OW,
        rows: all,
        rows_per_part: perPart,
        parts: count,
        row0: first,
      },
      buffers: { [spikes ? 'bits' : 'x']: storage, dy, parts },
      groups: piece.groups,
      work: piece.work,
      twin: window,
    });
  }
  for (const [p, source] of [
    [weight, 0],
    [bias, biases],
  ] as const) {
    if (p?.trainable)
      sumRows(low, `${node.label} ${p === bias ? 'bias' : 'weight'} gradient`, {
        x: parts,
        source,
        rows: count,
        N: p.data.length,
        p,
        perLayer: false,
      });
  }
}

const sizeOf = ({ kernel }: Sliding) => ({ kernel_rows: kernel[0], kernel_columns: kernel[1] });

/** Operations of one step of one sample, zeros counted. */
const operations = ({ input, output, kernel, groups }: Sliding): number =>
  2 * output[0] * output[1] * output[2] * (input[0] / groups) * kernel[0] * kernel[1];

/** Cuts a dispatch over rows of so many threads and operations each into several where it is long. */
const pieces = (low: Lowering, { first = 0, last }: { first?: number; last: number }, threads: number, work: number) =>
  partsOf(last - first, work, budgetOf(low.limits).submit).map((part) => {
    const { groups, row } = fold((part.last - part.first) * threads, 64);
    return { dims: { first: first + part.first, last: first + part.last, row }, groups, work: part.work };
  });
