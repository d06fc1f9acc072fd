import { Loss } from '../autograd/loss.ts';
import type { Op } from '../autograd/op.ts';
import type { Parameter } from '../autograd/parameter.ts';
import { type Selection, selectTrained } from '../autograd/select.ts';
import type { Tape } from '../autograd/tape.ts';
import { PENALTY_SHARE, weightPenalty } from '../kernels/loss.ts';
import { fold } from '../kernels/sizes.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { positive } from './options.ts';

export interface WeightsOptions {
  weight?: number;
  /** Which: names (`0.weight`), patterns or predicates (default: every trained matrix of the net). */
  parameters?: Selection;
}

interface Attrs {
  readonly squares: boolean;
  weight: number;
}

const op: Op<Attrs> = {
  name: 'weight penalty',
  key: (a) => String(a.squares),
  slots: ({ attrs }) => ({ weight: [attrs.weight] }),
  forward(low, node) {
    const { params, attrs } = node;
    const total = countOf(params);
    const partial = node.outputs[0]!;
    const wanted = low.training && (low.tape.loss?.terms.some((t) => t.term.tensor === partial) ?? false);
    let begin = 0;
    const table = params.flatMap((p) => {
      const matrix = p.shape.length > 1;
      const post = p.shape[0]!;
      const first = matrix ? low.weights(p, 'pre') : low.constants([p], post);
      const { dest, accumulate } = wanted ? low.gradientOf(p) : { dest: 0, accumulate: 0 };
      const entry = [begin, first, post, p.data.length / post, dest, accumulate];
      begin += p.data.length;
      return entry;
    });
    const { groups, row } = fold(total, PENALTY_SHARE);
    low.call(weightPenalty, node.label, {
      variant: { constants: { SQUARES: attrs.squares, HAS_GRAD: wanted } },
      dims: { entries: params.length, total, row, weight_slot: node.slotBase.weight! },
      buffers: {
        table: low.constant(`table of ${node.label}`, Uint32Array.from(table)),
        effective: low.effective,
        grads: wanted ? low.arena.grads : null,
        partial: low.give(partial, low.make(partial.name, 'f32', partial.shape)),
      },
      groups,
    });
  },
};

const countOf = (params: readonly Parameter[]): number => params.reduce((sum, p) => sum + p.data.length, 0);

/**
 * Keeps weights few: weight * sum of |w| over the chosen parameters, with derivative 0 at 0. Masked and constrained weights
 * count as kernels read them, but not rounded to half precision.
 *
 * @param options weight (1e-5), parameters
 */
export const l1 = (options: WeightsOptions = {}): ((tape: Tape) => Loss) => penalty('l1', options, 1e-5);

/**
 * Keeps weights small: weight * sum of w^2 over the chosen parameters (twice the `weight` is what SGD calls weight decay).
 *
 * @param options weight (1e-4), parameters
 */
export const l2 = (options: WeightsOptions = {}): ((tape: Tape) => Loss) => penalty('l2', options, 1e-4);

function penalty(name: 'l1' | 'l2', options: WeightsOptions, usual: number): (tape: Tape) => Loss {
  const owner = `regularize.${name}`;
  onlyKnown(owner, options, ['weight', 'parameters']);
  const { weight = usual, parameters } = options;
  positive(owner, 'weight', weight);
  if (Array.isArray(parameters) && parameters.length === 0)
    throw new Error(`${owner}: parameters must name at least one parameter`);
  return (tape) => {
    const params = chosen(tape, owner, parameters);
    const attrs: Attrs = { squares: name === 'l2', weight: 0 };
    const shape = [Math.ceil(countOf(params) / PENALTY_SHARE)];
    const label = `${name} of weights`;
    const spec = { form: 'f32' as const, shape, requiresGrad: false, name: label };
    const tensor = tape.record(op, [], params, attrs, [spec], label)[0]!;
    const sum = (values: Float32Array): number => values.reduce((a, b) => a + b, 0);
    const setWeight = (f: number): void => {
      attrs.weight = f * weight;
    };
    return Loss.of(tape, { name, tensor, sum, setWeight });
  };
}

function chosen(tape: Tape, owner: string, which: WeightsOptions['parameters']): Parameter[] {
  if (!tape.arena) throw new Error(`${owner}: the step uses no parameters yet; call it after the forward pass`);
  const all = [...new Set(tape.arena.parameters)];
  const params = which ? selectTrained(owner, all, which) : all.filter((p) => p.trainable && p.shape.length > 1);
  if (params.length === 0) throw new Error(`${owner}: no trained parameter is chosen`);
  return params;
}
