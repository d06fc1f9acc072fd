import type { Neurons } from '../../../layers/neurons.ts';
import { input, lastSpike, type NeuronDefinition, parameter, state } from '../../../neurons/definition.ts';
import { compile } from '../../../neurons/evaluate.ts';
import type { Expr } from '../../../neurons/expr.ts';
import { OWN_WEIGHT } from '../../../neurons/recurrence.ts';
import { effectiveWeights } from '../../weights.ts';
import { NoForm } from './no_form.ts';
import { OWN } from './own_constants.ts';

/** A value as an affine function of states and input, for each neuron. */
export interface Row {
  readonly states: readonly Float64Array[];
  readonly input: Float64Array;
  readonly constant: Float64Array;
}

/** A layer's equations as their coefficients, for the spike of the step before and that of the step itself. */
export interface Probe {
  readonly name: string;
  readonly N: number;
  /** Without the refractory period's. */
  readonly states: readonly string[];
  next(state: number, last: 0 | 1, spike: 0 | 1): Row;
  /** What is above 0 when the neuron fires; null for one that does not spike. */
  readonly pre: ((last: 0 | 1) => Row) | null;
  readonly test: '>' | '>=';
  readonly record: 'before' | 'after';
  readonly refractory: number;
}

/** The name that a refractory period gives its state. */
const WAITING = 'refractory';

/**
 * Evaluates the equations of each neuron at points that tell their coefficients.
 *
 * @throws NoForm when they are not affine where spikes are given
 */
export function probe(layer: Neurons): Probe {
  const { definition: def, outputs: N } = layer;
  const aside = [WAITING, OWN.state] as readonly string[];
  const states = def.states.filter((s) => !aside.includes(s));
  const { distance, refractory } = comparedOf(def);
  const values = constantsOf(layer);
  const rows = (root: Expr, last: 0 | 1, spike: 0 | 1): Row => {
    const given = [
      input,
      lastSpike,
      ...def.states.map(state),
      ...Object.keys(def.params).map(parameter),
      ...(def.z ? [def.z] : []),
    ];
    const program = compile([root], given, () => Number.NaN);
    program.set(lastSpike, last);
    if (def.z) program.set(def.z, spike);
    for (const s of aside) program.set(state(s), 0);
    const at = (at: readonly number[], I: number): number => {
      states.forEach((s, k) => {
        program.set(state(s), at[k]!);
      });
      program.set(input, I);
      program.run();
      return program.get(root);
    };
    const zero = states.map(() => 0);
    const row: Row = {
      states: states.map(() => new Float64Array(N)),
      input: new Float64Array(N),
      constant: new Float64Array(N),
    };
    for (let n = 0; n < N; n++) {
      for (const [name, of] of values) program.set(parameter(name), of[n]!);
      const c = at(zero, 0);
      row.constant[n] = c;
      row.input[n] = at(zero, 1) - c;
      states.forEach((_, k) => {
        row.states[k]![n] =
          at(
            zero.map((__, j) => (j === k ? 1 : 0)),
            0,
          ) - c;
      });
      // a point off the axes: there only an affine function is what the coefficients say
      const point = states.map((__, k) => 0.37 * (k + 1));
      const said = c - 0.61 * row.input[n]! + point.reduce((sum, x, k) => sum + x * row.states[k]![n]!, 0);
      const is = at(point, -0.61);
      if (!(Math.abs(is - said) <= 1e-9 * (1 + Math.abs(is))))
        throw new NoForm('its equations multiply states with each other, or bend them');
    }
    return row;
  };
  const known = new Map<string, Row>();
  const once = (key: string, root: Expr, last: 0 | 1, spike: 0 | 1): Row => {
    const id = `${key} ${last} ${spike}`;
    const row = known.get(id) ?? rows(root, last, spike);
    known.set(id, row);
    return row;
  };
  const next = (k: number, last: 0 | 1, spike: 0 | 1): Row => once(`${k}`, def.next[states[k]!]!, last, spike);
  const recorded = def.z && !rowsEqual(once('v', def.v, 0, 0), once('v', def.v, 0, 1));
  return {
    name: def.name,
    N,
    states,
    next,
    pre: distance ? (last) => once('x', distance, last, 0) : null,
    test: (def.z?.name ?? '>') as '>' | '>=',
    record: recorded ? 'after' : 'before',
    refractory,
  };
}

/**
 * What is compared with 0, without the division by the threshold that only sets its unit, and without a refractory
 * period.
 */
function comparedOf(def: NeuronDefinition): { distance: Expr | null; refractory: number } {
  if (!def.z) return { distance: null, refractory: 0 };
  let x = def.z.args[0]!;
  let refractory = 0;
  if (x.op === 'where' && x.args[1]!.op === 'const' && x.args[1]!.value < 0) {
    const waiting = def.next[WAITING];
    refractory = waiting?.op === 'where' ? waiting.args[1]!.value : 1;
    x = x.args[2]!;
  }
  return { distance: x.op === 'div' ? x.args[0]! : x, refractory };
}

/**
 * The neuron's constants, one for each neuron, as kernels read them; its weight on its own last spike is told apart.
 */
function constantsOf(layer: Neurons): Map<string, Float64Array> {
  const N = layer.outputs;
  return new Map(
    Object.keys(layer.definition.params).map((name) => {
      if (name === OWN_WEIGHT || name === OWN.weight || name === OWN.bias) return [name, new Float64Array(N)];
      const of = effectiveWeights(layer, name);
      return [name, of.length === N ? of : new Float64Array(N).fill(of[0]!)];
    }),
  );
}

const near = (a: Float64Array, b: Float64Array): boolean =>
  a.every((x, n) => Math.abs(x - b[n]!) <= 1e-10 * (1 + Math.abs(x)));

export const rowsEqual = (a: Row, b: Row): boolean =>
  a.states.every((s, k) => near(s, b.states[k]!)) && near(a.input, b.input) && near(a.constant, b.constant);
