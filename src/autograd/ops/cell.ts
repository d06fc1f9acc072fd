import { ACTIVITY_ROWS, rateTerm } from '../../kernels/activity.ts';
import { FEW_INPUTS } from '../../kernels/cell.ts';
import { sameParts } from '../../kernels/segments.ts';
import { parameter } from '../../neurons/definition.ts';
import { type Expr, leaf, written } from '../../neurons/expr.ts';
import type { Node, Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { cellBackwardCalls } from './cell_backward.ts';
import { cellForwardCalls } from './cell_forward.ts';
import { type CellAttrs, type CellExtras, type CellRun, outputOf } from './cell_node.ts';
import { planOf } from './cell_plan.ts';

const op: Op<CellAttrs> = {
  name: 'cell',
  key: (a) =>
    [
      a.definition.key,
      a.surrogate && keyOf(a.surrogate, (s) => s.derivative(leaf('x'))),
      a.N,
      a.weight ? 'w' : '',
      a.recurrent ? 'r' : '',
      a.bias ? 'b' : '',
      a.chunk,
      a.extras.monitored,
      a.extras.penalties.map(({ penalty }) => penalty.name + keyOf(penalty, (p) => p.of(leaf('v'), parameter))),
      a.extras.rate && keyOf(a.extras.rate.penalty, (p) => rateTerm(p).value),
    ].join(';'),
  slots(node) {
    const { surrogate, extras } = node.attrs;
    const steps = validSteps(node);
    return {
      surrogate: Object.values(surrogate?.constants ?? {}),
      penalties: extras.penalties.flatMap(({ penalty, weight }) => [
        weight / steps,
        ...Object.values(penalty.constants ?? {}),
      ]),
      steps: [1 / steps],
      rate: extras.rate ? [extras.rate.weight, ...Object.values(extras.rate.penalty.constants)] : [],
    };
  },
  forward: cellForwardCalls,
  backward: cellBackwardCalls,
  takes: (low, node, parts) => sameParts(planOf(low, node).segments, parts),
};

const keys = new WeakMap<object, string>();

/** Identifies what a surrogate or a penalty computes: users' own may share a name. */
function keyOf<T extends object>(owner: T, expression: (owner: T) => Expr): string {
  const key = keys.get(owner) ?? written([expression(owner)]);
  keys.set(owner, key);
  return key;
}

const validSteps = (node: Node<CellAttrs>): number => {
  const { v } = outputOf(node);
  const [T, B] = v.shape as [number, number, number];
  return Math.max(1, v.lengths ? v.lengths.values.reduce((a, b) => a + b, 0) : T * B);
};

/**
 * Runs a layer of neurons over all time steps.
 *
 * @param inputs `current` [T, B, N] dense; `spikes` [T, B, inputs] gathered through `weight`, or dense ones if they are few; `start` [states (+ 1), B, N],
 *   zeros by default
 */
export function cell(
  inputs: { current?: Tensor | null; spikes?: Tensor | null; start?: Tensor | null },
  attrs: Omit<CellAttrs, 'extras'>,
  label: string,
): CellRun {
  const { definition: def, N, constants, weight, recurrent, bias } = attrs;
  const { current = null, spikes = null, start = null } = inputs;
  const source = current ?? spikes;
  if (!source) throw new Error(`${label}: needs a current or spikes`);
  const [T, B] = source.shape as [number, number, number];
  const check = (t: Tensor | null, what: string, form: 'f32' | 'bits', shape: readonly number[]): void => {
    if (t && (t.form !== form || t.shape.join() !== shape.join()))
      throw new Error(`${label}: ${what} must be ${form}[${shape.join(', ')}], got ${t}`);
  };
  check(current, 'the current', 'f32', [T, B, N]);
  check(start, 'the initial state', 'f32', [def.states.length + (def.z ? 1 : 0), B, N]);
  const K = weight?.shape[1] ?? 0;
  if (spikes) check(spikes, 'the input', spikes.form === 'f32' && K <= FEW_INPUTS ? 'f32' : 'bits', [T, B, K]);
  if (recurrent && !def.z) throw new Error(`${label}: a ${def.name} does not spike and cannot be recurrent`);

  const extras: CellExtras = { monitored: false, penalties: [], rate: null };
  const params = [...constants, ...[weight, recurrent, bias].filter((p) => p !== null)];
  const requiresGrad = params.some((p) => p.trainable) || [current, spikes, start].some((t) => t?.requiresGrad);
  const trace = (name: string) => ({
    form: 'f32' as const,
    shape: [T, B, N],
    requiresGrad,
    name: `${label} ${name}`,
    lengths: source.lengths,
  });
  const node = {
    outputs: source.tape.record(
      op,
      [current, spikes, start],
      params,
      { ...attrs, extras },
      [
        { form: 'bits', shape: [T, B, N], requiresGrad, name: `${label} spikes`, lengths: source.lengths },
        trace('v'),
        { form: 'f32', shape: [def.states.length + (def.z ? 1 : 0), B, N], requiresGrad, name: `${label} final state` },
        { form: 'f32', shape: [ACTIVITY_ROWS, N], requiresGrad: false, name: `${label} activity` },
        { ...trace('current gradient'), requiresGrad: false },
        ...def.states.map(trace),
      ],
      label,
    ),
    attrs,
  } as unknown as Node<CellAttrs>;
  const named = Object.fromEntries(Object.keys(def.params).map((name, i) => [name, constants[i]!]));
  const run: CellRun = { label, ...outputOf(node), constants: named, extras };
  source.tape.cells.push(run);
  return run;
}
