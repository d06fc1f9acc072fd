import { AdLIF } from '../../../layers/adlif.ts';
import { AHP } from '../../../layers/ahp.ts';
import { ALIF } from '../../../layers/alif.ts';
import { CubaLIF } from '../../../layers/cuba_lif.ts';
import { IF } from '../../../layers/if.ts';
import { LIF } from '../../../layers/lif.ts';
import type { Neurons } from '../../../layers/neurons.ts';
import { Neuron, type NeuronLayerOptions } from '../../../layers/own.ts';
import { PLIF } from '../../../layers/plif.ts';
import { Readout } from '../../../layers/readout.ts';
import {
  defineNeuron,
  input,
  lastSpike,
  type NeuronDefinition,
  parameter,
  state,
} from '../../../neurons/definition.ts';
import { expr, spike, where } from '../../../neurons/expr.ts';
import { rewrite } from '../../../neurons/rewrite.ts';
import { uniform } from '../file/values.ts';
import { type Form, formOf } from '../form/form.ts';
import { NoForm } from '../form/no_form.ts';
import { OWN } from '../form/own_constants.ts';
import type { Cell } from './cells.ts';

/** What our metadata say of the layer that a node was: its kind and its options. */
export interface Hint {
  readonly kind: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether it may come back where the file has only the nearest thing. */
  readonly loose: boolean;
}

/** One value where all neurons have the same. */
const few = (values: Float64Array): number | number[] => uniform(values) ?? Array.from(values);
const given = (values: ArrayLike<number>, of: number): boolean => Array.from(values).every((x) => x === of);

type Values = Record<string, Float64Array>;

/** What a layer of each kind takes for the numbers of a form; decays as time constants (ms). */
function constantsFor(kind: string, form: Form, options: Hint['options']): Values {
  const dt = typeof options.dt === 'number' ? options.dt : 1;
  const euler =
    options.decay === 'euler' || (options.decay === undefined && EULER.includes(String(options.semantics ?? '')));
  const tau = (alpha: Float64Array): Float64Array => alpha.map((a) => (euler ? dt / (1 - a) : -dt / Math.log(a)));
  const theta: Values = form.threshold ? { threshold: form.threshold } : {};
  const to: Values =
    form.reset.kind === 'value' && (options.reset === 'value' || !given(form.reset.to, 0))
      ? { resetTo: form.reset.to }
      : {};
  const { trace, synapse } = form;
  const slow = trace ? tau(trace.decay) : new Float64Array(0);
  switch (kind) {
    case 'IF':
      return { ...theta, ...to };
    case 'LIF':
      return { tau: tau(form.alpha), ...theta, ...to };
    case 'PLIF':
      return { k: form.alpha.map((a) => Math.log1p(-a) - Math.log(a)), ...theta, ...to };
    case 'Readout':
      return { tau: tau(form.alpha) };
    case 'CubaLIF':
      return { tau: tau(form.alpha), tauSyn: synapse ? tau(synapse.alpha) : slow, ...theta, ...to };
    case 'AHP':
      return {
        tau: tau(form.alpha),
        tauAhp: slow,
        beta: trace ? trace.jump.map((x, n) => -x * trace.weight[n]!) : slow,
        ...theta,
      };
    case 'ALIF':
      return {
        tau: tau(form.alpha),
        tauAdaptation: slow,
        beta: trace ? trace.weight.map((w, n) => (w * trace.jump[n]!) / (1 - trace.decay[n]!)) : slow,
        ...theta,
      };
    case 'AdLIF': {
      const unit = trace?.weight.map((w, n) => -w / (1 - form.alpha[n]!)) ?? slow;
      const a = trace?.coupling?.map((x, n) => x * unit[n]!) ?? new Float64Array(form.N);
      return {
        tau: tau(form.alpha),
        tauW: slow,
        a,
        b: trace ? trace.jump.map((x, n) => x * unit[n]!) : slow,
        ...theta,
      };
    }
    default:
      throw new NoForm(`there is no layer of neurons '${kind}' to come back as`);
  }
}

const EULER = ['norse', 'spikingjelly', 'nir', 'lava'];
const KINDS = { IF, LIF, PLIF, Readout, CubaLIF, AHP, ALIF, AdLIF } as const;

/** What an option of each kind is when the form asks for it. */
function optionsFor(form: Form): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  if (!form.threshold) return form.late ? { delay: 1 } : {};
  if (form.test !== '>') options.spikeTest = form.test;
  if (form.synapse && form.late) options.synapticDelay = 1;
  options.reset = form.reset.kind === 'value' ? (given(form.reset.to, 0) ? 'zero' : 'value') : form.reset.kind;
  if (form.reset.kind === 'subtract') {
    const { amount } = form.reset;
    const at = (factor: (n: number) => number): boolean =>
      amount.every((x, n) => Math.abs(x - factor(n) * form.threshold![n]!) <= 1e-6 * Math.abs(form.threshold![n]!));
    if (!at((n) => form.alpha[n]!)) {
      if (!at(() => 1)) throw new NoForm('a spike takes off another amount than the threshold, which no layer does');
      options.resetMoment = 'next step after leak';
    }
  }
  return options;
}

type Args = [N: number, options: never];
type Options = Record<string, unknown>;

/** Weights of a layer's own. */
interface OwnWeights {
  readonly inputs: number;
  readonly bias: boolean;
}

const sizes = (N: number, own: OwnWeights | null): number[] => (own ? [own.inputs, N] : [N]);
const biased = (own: OwnWeights | null): Options => (own?.bias ? { bias: true } : {});

/** A layer of a kind with a form's numbers. */
function make(kind: string, cell: Cell, own: OwnWeights | null, options: Options, constants: Values): Neurons {
  const { N } = cell.form;
  const Kind = KINDS[kind as keyof typeof KINDS];
  const recurrent: Options = cell.recurrent ? { recurrent: recurrenceOf(cell, N) } : {};
  const values = Object.fromEntries(Object.entries(constants).map(([name, v]) => [name, few(v)]));
  return new Kind(...([...sizes(N, own), { ...options, ...recurrent, ...biased(own), ...values }] as unknown as Args));
}

const diagonalOf = (w: Float64Array, N: number): Float64Array =>
  Float64Array.from({ length: N }, (_, n) => w[n * N + n]!);
const isDiagonal = (w: Float64Array, N: number): boolean => w.every((x, i) => x === 0 || Math.floor(i / N) === i % N);

const recurrenceOf = ({ recurrent }: Cell, N: number): 'dense' | 'one-to-one' =>
  isDiagonal(recurrent!, N) && diagonalOf(recurrent!, N).some((x) => x !== 0) ? 'one-to-one' : 'dense';

/**
 * The layer that computes a cell, without weights of its own, and the form that it has: its gain is that of the kind,
 * which may be another than the cell's.
 *
 * @param hint what it was, according to our metadata: tried first, and left where the numbers say otherwise
 * @throws NoForm when no layer does
 */
export function layerFor(
  cell: Cell,
  hint: Hint | null,
  weights: OwnWeights | null,
): { layer: Neurons; form: Form; notes: string[] } {
  const { form } = cell;
  const notes: string[] = [];
  if (hint && hint.kind in KINDS && !needsOwn(cell)) {
    try {
      const options = { ...hint.options };
      const exact = options.spikeTest === '>=' || hint.kind === 'PLIF' || options.semantics === 'spikingjelly';
      // a threshold just below stood for a neuron that fires at it
      const meant = exact && form.threshold ? { ...form, threshold: form.threshold.map((x) => Math.fround(x)) } : form;
      const layer = make(hint.kind, cell, weights, options, constantsFor(hint.kind, meant, options));
      const own = formOf(layer);
      const lossy = hint.kind === 'ALIF' || own.refractory > 0 || own.reset.kind !== form.reset.kind;
      if ((!lossy || hint.loose) && alike(own, meant, lossy)) {
        if (lossy)
          notes.push(`comes back as the ${hint.kind} that it was, of which the file has only the nearest thing`);
        return { layer, form: own, notes };
      }
      notes.push(
        lossy
          ? `was a ${hint.kind} of which the file has only the nearest thing, and that is what comes back`
          : `was a ${hint.kind}, but the numbers in the file are no longer those of one`,
      );
    } catch (error) {
      notes.push(`was a ${hint.kind}, but the file does not give one: ${(error as Error).message}`);
    }
  }
  const made = plain(cell, weights);
  return { ...made, notes };
}

/** A layer by the form alone. Decays are its parameters. */
function plain(cell: Cell, weights: OwnWeights | null): { layer: Neurons; form: Form } {
  const { form } = cell;
  const { trace, synapse, threshold } = form;
  if (cell.late) return withForm(fireLate(cell, weights));
  const theta: Options = threshold ? { threshold: few(threshold) } : {};
  if (trace) {
    const zero = form.reset.kind === 'value' && given(form.reset.to, 0);
    if (trace.target !== 'voltage' || trace.coupling || !zero)
      throw new NoForm(
        'no layer has such a trace of its spikes; AHP has one that adds to the voltage, and a reset to 0',
      );
    return withForm(extended(make('AHP', withoutOwn(cell), weights, {}, constantsFor('AHP', form, {})), cell, weights));
  }
  const options = optionsFor(form);
  const to: Options = form.reset.kind === 'value' && options.reset === 'value' ? { resetTo: few(form.reset.to) } : {};
  const integrates = form.alpha.every((a) => a === 1);
  const kind = !threshold ? 'Readout' : synapse ? 'CubaLIF' : integrates ? 'IF' : 'LIF';
  if (form.late && threshold && !synapse)
    throw new NoForm('its input is late by a step, and no layer of such neurons has that');
  const decays: Options = integrates && threshold ? {} : { beta: few(form.alpha) };
  const current: Options = synapse ? { alpha: few(synapse.alpha) } : {};
  const layer = make(kind, withoutOwn(cell), weights, { ...options, ...theta, ...to, ...decays, ...current }, {});
  return withForm(extended(layer, cell, weights));
}

const withForm = (layer: Neurons): { layer: Neurons; form: Form } => ({ layer, form: formOf(layer) });

/** Neurons of a layer have no connection to themselves, and nothing that begins in the second step. */
const needsOwn = (cell: Cell): boolean => {
  if (cell.recurrentBias || cell.late) return true;
  const { recurrent, form } = cell;
  return recurrent !== null && !isDiagonal(recurrent, form.N) && diagonalOf(recurrent, form.N).some((x) => x !== 0);
};

const withoutOwn = (cell: Cell): Cell => (needsOwn(cell) ? { ...cell, recurrent: null } : cell);

const any = { default: 0, unit: '', min: -1e38, max: 1e38 } as const;

/**
 * The layer with what its kind does not have: connections from neurons to themselves, a current from the second step
 * on.
 */
function extended(layer: Neurons, cell: Cell, weights: OwnWeights | null): Neurons {
  if (!needsOwn(cell) || cell.late) return layer;
  const { recurrent, recurrentBias, form } = cell;
  const values = Object.fromEntries(
    Object.keys(layer.definition.params).map((name) => [name, Array.from(layer.params[name]!.data)]),
  );
  const own = recurrent && diagonalOf(recurrent, form.N);
  const definition = beside(layer.definition, recurrentBias !== null);
  return ownNeurons(definition, form.N, weights, {
    recurrent: true,
    constants: {
      ...values,
      [OWN.weight]: own ? Array.from(own) : 0,
      ...(recurrentBias ? { [OWN.bias]: Array.from(recurrentBias) } : {}),
    },
  });
}

const ownNeurons = (
  definition: NeuronDefinition,
  N: number,
  own: OwnWeights | null,
  options: NeuronLayerOptions,
): Neuron =>
  new Neuron(
    definition,
    ...([...sizes(N, own), { ...options, ...biased(own) }] as [number, number, NeuronLayerOptions]),
  );

/**
 * The neuron with its own last spike, times a weight, and with a current from the second step on, among what arrives.
 */
function beside(def: NeuronDefinition, biased: boolean): NeuronDefinition {
  const self = parameter(OWN.weight).mul(lastSpike);
  const late = where(state(OWN.state).gt(0.5), parameter(OWN.bias), 0);
  return rewrite(def, new Map([[input, biased ? input.add(self).add(late) : input.add(self)]]), {
    params: {
      [OWN.weight]: { ...any, meaning: "weight on the neuron's own last spike" },
      ...(biased ? { [OWN.bias]: { ...any, meaning: 'current from the second step on' } } : {}),
    },
    states: (): Record<string, ReturnType<typeof expr>> => (biased ? { [OWN.state]: expr(1) } : {}),
  });
}

/** Neurons that fire for the voltage which the step before left, and then lose the threshold. */
function fireLate({ form, recurrent }: Cell, weights: OwnWeights | null): Neurons {
  if (recurrent || form.synapse) throw new NoForm('fires a step late, which no such layer does');
  const definition = defineNeuron({
    name: 'LateLIF',
    params: {
      alpha: { default: 0.9, unit: 'per step', min: 0, max: 1, meaning: 'decay of the membrane' },
      threshold: { default: 1, unit: '', min: 1e-6, max: 1e9, meaning: 'firing threshold' },
    },
    states: ['v'],
    equations({ I, param, state: s }) {
      const z = spike(s.v.sub(param.threshold).div(param.threshold), form.test);
      const v = param.alpha.mul(s.v).add(I).sub(param.threshold.mul(z));
      return { next: { v }, z, v };
    },
  });
  return ownNeurons(definition, form.N, weights, {
    constants: { alpha: Array.from(form.alpha), threshold: Array.from(form.threshold!) },
  });
}

/** Whether a layer does what the file says, but for its gain: in units of the gain, as float32 holds it. */
function alike(own: Form, file: Form, lossy: boolean): boolean {
  const near = (a: Float64Array | null | undefined, b: Float64Array | null | undefined): boolean =>
    !a || !b ? !a === !b : a.every((x, n) => Math.abs(x - b[n]!) <= 1e-6 * (Math.abs(x) + 1e-6));
  if (own.late !== file.late || !near(own.alpha, file.alpha) || !near(own.threshold, file.threshold)) return false;
  if (!near(own.synapse?.alpha, file.synapse?.alpha) || !near(own.trace?.decay, file.trace?.decay)) return false;
  const drive = (f: Form): Float64Array | undefined => f.trace?.weight.map((w, n) => w * f.trace!.jump[n]!);
  if (!near(drive(own), drive(file))) return false;
  if (lossy) return true;
  const [a, b] = [own.reset, file.reset];
  if (a.kind === 'value' && b.kind === 'value') return near(a.to, b.to);
  return a.kind !== 'subtract' || b.kind !== 'subtract' || near(a.amount, b.amount);
}
