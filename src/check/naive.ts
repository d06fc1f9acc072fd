import type { NeuronDefinition } from '../neurons/definition.ts';
import { leaf } from '../neurons/expr.ts';
import type { Surrogate } from '../neurons/surrogates.ts';
import { add, type Dual, dual, equations, mul, type SpikeOf, sum } from './dual.ts';
import type { Course, NaiveParameter, Trial } from './trial.ts';

/** What a naive net left. */
export interface NaiveResult {
  readonly loss: Dual;
  readonly z: Course;
}

/** Values of a trial's tensors by name: parameters, `x`, `start`. */
export type Tensors = (name: string, values: ArrayLike<number>) => readonly Dual[];

/** Every value as it is, with nothing moving. */
export const still: Tensors = (_, values) => Array.from(values, (x) => dual(x));

/** The step function; nothing passes through it. */
export const step: SpikeOf = (x, test) => dual((test === '>=' ? x.value >= 0 : x.value > 0) ? 1 : 0);

/** The surrogate's primitive in place of the step. */
export function primitive(surrogate: Surrogate): SpikeOf {
  const value = equations([surrogate.primitive(leaf('x'))]);
  const constants = Object.fromEntries(
    Object.entries(surrogate.constants).map(([k, x]) => [`surrogate.${k}`, dual(x)]),
  );
  return (x) => value((name) => (name === 'x' ? x : constants[name]!), step)[0]!;
}

/**
 * The trial's net in plain loops over samples, steps, neurons and connections, in dual numbers: no kernels, no twins, no
 * backward pass, and of the library nothing but the neuron's equations.
 */
export function naive(trial: Trial, tensors: Tensors, spike: SpikeOf): NaiveResult {
  const { T, B, facts, layer, neuron, loss, regularizers = [] } = trial;
  const [K, N, C] = [layer.inputs, layer.outputs, facts.C];
  const params = new Map<string, NaiveParameter>();
  for (const [name, p] of trial.params) params.set(name, { shape: p.shape, values: tensors(name, p.data) });
  const of = (name: string): readonly Dual[] | undefined => params.get(name)?.values;
  const constant = (name: string): readonly Dual[] => perNeuron(of(`layer.${name}`)!, N);
  const x = tensors('x', trial.x);
  const rows = neuron.states.length + (neuron.z ? 1 : 0);
  const start = trial.initial ? tensors('start', trial.initial) : Array.from({ length: rows * B * N }, () => dual(0));
  const advance = steps(neuron, Object.fromEntries(Object.keys(neuron.params).map((p) => [p, constant(p)])), spike);
  const [weight, bias, recurrent] = [of('layer.weight')!, of('layer.bias'), of('layer.recurrent.weight')];

  /** The current into neuron n. */
  const current = (b: number, t: number, n: number, z: readonly Dual[]): Dual => {
    let I = bias ? bias[n]! : dual(0);
    for (let k = 0; k < K; k++) I = add(I, mul(weight[n * K + k]!, x[(t * B + b) * K + k]!));
    if (trial.current) I = trial.current(I, t, n, (name) => of(`layer.${name}`));
    if (recurrent && layer.recurrence === 'one-to-one') return add(I, mul(recurrent[n]!, z[n]!));
    if (recurrent) for (let j = 0; j < N; j++) if (j !== n) I = add(I, mul(recurrent[n * N + j]!, z[j]!));
    return I;
  };
  const z: Dual[][][] = [];
  const v: Dual[][][] = [];
  const outputs: Dual[][][] = [];
  for (let b = 0; b < B; b++) {
    const row = (k: number): Dual[] => Array.from({ length: N }, (_, n) => start[(k * B + b) * N + n]!);
    let states = neuron.states.map((_, k) => row(k));
    let last = neuron.z ? row(neuron.states.length) : [];
    let leaky = Array.from({ length: C }, () => dual(0));
    z.push([]);
    v.push([]);
    outputs.push([]);
    for (let t = 0; t < Math.min(T, facts.lengths[b]!); t++) {
      const made = Array.from({ length: N }, (_, n) => {
        const mine = states.map((s) => s[n]!);
        return advance(current(b, t, n, last), mine, last[n] ?? dual(0), n);
      });
      states = neuron.states.map((_, k) => made.map((m) => m.states[k]!));
      last = neuron.z ? made.map((m) => m.z) : [];
      const voltages = made.map((m) => m.v);
      z[b]!.push(last);
      v[b]!.push(voltages);
      if (loss.of === 'spikes') outputs[b]!.push(last);
      else {
        leaky = readout(of, leaky, last, voltages, C);
        outputs[b]!.push(leaky);
      }
    }
  }
  const run = { N, z, v, constant, params };
  return { loss: sum([loss.formula(outputs, facts), ...regularizers.map((r) => r.formula(run, facts))]), z };
}

/** A neuron's step as a function of its input, its states, its last spike. */
function steps(def: NeuronDefinition, constants: Readonly<Record<string, readonly Dual[]>>, spike: SpikeOf) {
  const roots = [def.v, ...(def.z ? [def.z] : []), ...def.states.map((s) => def.next[s]!)];
  const evaluate = equations(roots);
  return (input: Dual, states: readonly Dual[], z: Dual, n: number): { v: Dual; z: Dual; states: readonly Dual[] } => {
    const leaves = new Map<string, Dual>([
      ['input', input],
      ['state.z', z],
    ]);
    def.states.forEach((s, k) => {
      leaves.set(`state.${s}`, states[k]!);
    });
    for (const [name, values] of Object.entries(constants)) leaves.set(`param.${name}`, values[n]!);
    const results = evaluate((name) => leaves.get(name)!, spike);
    return { v: results[0]!, z: def.z ? results[1]! : dual(0), states: results.slice(def.z ? 2 : 1) };
  };
}

/** One step of the trial's readout: a weighted sum of spikes and voltages into leaky integrators. */
function readout(
  of: (name: string) => readonly Dual[] | undefined,
  before: readonly Dual[],
  z: readonly Dual[],
  v: readonly Dual[],
  C: number,
): Dual[] {
  const [weights, biases, tau] = [of('spikes.weight'), of('spikes.bias') ?? of('voltage.bias'), of('leak.tau')![0]!];
  const weightsOfVoltage = of('voltage.weight');
  const N = v.length;
  // e^{-1/tau}
  const decay = dual(Math.exp(-1 / tau.value), (Math.exp(-1 / tau.value) / tau.value ** 2) * tau.tangent);
  return Array.from({ length: C }, (_, c) => {
    let I = biases![c]!;
    for (let n = 0; n < N; n++) {
      if (weights) I = add(I, mul(weights[c * N + n]!, z[n]!));
      if (weightsOfVoltage) I = add(I, mul(weightsOfVoltage[c * N + n]!, v[n]!));
    }
    return add(mul(decay, before[c]!), I);
  });
}

/** One value for each neuron, where there may be one for all. */
const perNeuron = (values: readonly Dual[], N: number): readonly Dual[] =>
  values.length === 1 ? Array.from({ length: N }, () => values[0]!) : values;
