import text from '../../shaders/activity.wgsl';
import { differentiate } from '../neurons/differentiate.ts';
import { type Expr, expr, leaf } from '../neurons/expr.ts';
import { type Names, printWgsl } from '../neurons/wgsl.ts';
import { defineKernel } from './kernel.ts';

/** Sums of a layer's activity and the gradient of rate penalties; see shaders/activity.wgsl. */
export const activity = defineKernel({
  name: 'activity',
  wgsl: text,
  dims: { B: 'u32', stats: 'u32', steps_slot: 'u32', penalty_slot: 'u32' },
  storage: { carry: 'read', activity: 'read_write', d_rate: 'read_write' },
});

/** Rows of the activity tensor. */
export const ACTIVITY = { spikes: 0, smallest: 1, largest: 2, voltagePenalty: 3, ratePenalty: 4, rate: 5 } as const;
export const ACTIVITY_ROWS = 6;
/** Rows that cell_forward appends to its carry for it. */
export const STAT_ROWS = 4;

/**
 * A penalty on the mean rate r of each neuron, or of all neurons of the layer (spikes a step), with constants that may
 * change from step to step.
 */
export interface RatePenalty {
  readonly name: string;
  readonly perLayer?: boolean;
  readonly constants: Readonly<Record<string, number>>;
  readonly of: (r: Expr, constant: (name: string) => Expr) => Expr;
}

const neuronRate = leaf('rate');
// another leaf, so that two penalties that differ in this alone are two expressions
const layerRate = leaf('layer rate');
const constant = (name: string): Expr => leaf(`constant.${name}`);

export interface RateTerm {
  readonly value: Expr;
  readonly derivative: Expr;
  /** What stands for the rate in both. */
  readonly rate: Expr;
  readonly perLayer: boolean;
  /** Slot order: the weight first, then the constants by this list. */
  readonly constants: readonly string[];
}

export function rateTerm(penalty: RatePenalty): RateTerm {
  const { perLayer = false } = penalty;
  const rate = perLayer ? layerRate : neuronRate;
  const value = constant('weight').mul(penalty.of(rate, constant));
  return {
    rate,
    perLayer,
    value,
    derivative: differentiate([[value, expr(1)]], [rate], null)[0]!,
    constants: ['weight', ...Object.keys(penalty.constants)],
  };
}

/** The text of the kernel's region for a penalty. */
export function rateRegion(term: RateTerm): string {
  const names: Names = (e) => {
    if (e === neuronRate) return 'r';
    if (e === layerRate) return 'layer';
    if (e.op === 'leaf')
      return `vec4f(slot(dims.penalty_slot + ${term.constants.indexOf(e.name.slice('constant.'.length))}u))`;
    return undefined;
  };
  const printed = printWgsl([term.value, term.derivative], names, 'e');
  const [penalty, derivative] = printed.results.map((text) => (term.perLayer ? `(${text}) / f32(N)` : text));
  return [
    ...(term.perLayer ? ['let layer = vec4f(layer_rate(lane, inv_steps));'] : []),
    ...printed.lines,
    `penalty = ${penalty};`,
    `derivative = ${derivative};`,
  ].join('\n');
}

export const rateConstant = constant;
