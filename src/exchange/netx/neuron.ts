import type { Neurons } from '../../layers/neurons.ts';
import { input, lastSpike, parameter, state } from '../../neurons/definition.ts';
import { compile } from '../../neurons/evaluate.ts';
import { OWN_WEIGHT } from '../../neurons/recurrence.ts';
import { effectiveWeights } from '../weights.ts';

/** A neuron of which Loihi has the like: u = alpha u + gain I ; v = beta v + u ; spike above the threshold, then v is 0. */
export interface CubaForm {
  /** By neuron, or one for all. */
  readonly alpha: readonly number[];
  readonly beta: readonly number[];
  readonly gain: readonly number[];
  readonly threshold: readonly number[];
  /** Whether there is a synaptic current with a memory. */
  readonly synaptic: boolean;
  readonly spikeTest: '>' | '>=';
  readonly record: 'before reset' | 'after reset';
}

/** Kinds whose equations are found out by running them; of the others we know. */
const LIKELY = ['IF', 'LIF', 'CubaLIF', 'PLIF', 'Neuron'];

const KNOWN: Readonly<Record<string, string>> = {
  AHP: 'has an after-hyperpolarisation current and a reset that acts before the leak; a Loihi neuron has a current u and a voltage v alone',
  ALIF: "has a threshold that moves; lava-dl's trainer can export such neurons, but NetX does not read them",
  Readout: 'does not spike, and every NetX layer does: end the net at a LIF, or read the last spikes out elsewhere',
};

/**
 * What Loihi's neuron is to be told so that it does what a layer's neurons do, found by running their equations in float64.
 *
 * @returns the form, or in a word why there is none
 */
export function cubaForm(layer: Neurons): CubaForm | string {
  const { definition } = layer;
  const { kind } = layer.config;
  if (KNOWN[kind]) return KNOWN[kind];
  if (!definition.z) return 'does not spike, and every NetX layer does: end the net at a LIF';
  if (definition.states.includes('refractory')) return REFRACTORY;
  if (!LIKELY.includes(kind) || definition.states.length > 2 || !definition.params.threshold)
    return `has the states ${definition.states.join(', ')} and equations of its own; a Loihi neuron has a current u and a voltage v alone`;
  const names = Object.keys(definition.params);
  const values = layer.constants.map((p, i) =>
    names[i] === OWN_WEIGHT ? Float64Array.of(0) : effectiveWeights(layer, nameOf(layer, p)),
  );
  const count = Math.max(...values.map((v) => v.length));
  const run = stepper(layer);
  const forms: Linear[] = [];
  let record: CubaForm['record'] | null = null;
  for (let n = 0; n < count; n++) {
    const constants = new Map(names.map((name, i) => [name, values[i]![values[i]!.length === 1 ? 0 : n]!]));
    const one = linearForm((x) => run(constants, x), constants.get('threshold')!, definition.states.length === 2);
    if (typeof one === 'string') return one;
    forms.push(one);
    record = one.record;
  }
  const list = (of: (form: Linear) => number): number[] => {
    const all = forms.map(of);
    return all.every((x) => x === all[0]) ? [all[0]!] : all;
  };
  return {
    alpha: list((f) => f.alpha),
    beta: list((f) => f.beta),
    gain: list((f) => f.gain),
    threshold: list((f) => f.threshold),
    synaptic: definition.states.length === 2,
    spikeTest: definition.z.name as '>' | '>=',
    record: record!,
  };
}

const REFRACTORY = "has a refractory period, which NetX's reader passes over: its neurons have none (refDelay 1)";

const nameOf = (layer: Neurons, parameter: unknown): string =>
  Object.keys(layer.params).find((name) => layer.params[name] === parameter)!;

interface Before {
  readonly I?: number;
  readonly z?: number;
  readonly v?: number;
  readonly i?: number;
}
interface After {
  readonly v: number;
  readonly i: number;
  readonly z: number;
  readonly recorded: number;
}

/** One step of the layer's neuron, by its equations. The voltage is the first state, the synaptic current the second. */
function stepper({ definition }: Neurons): (constants: ReadonlyMap<string, number>, before: Before) => After {
  const { states, params, next, z, v } = definition;
  const leaves = states.map(state);
  const constants = Object.keys(params).map((name) => [name, parameter(name)] as const);
  const roots = [...states.map((s) => next[s]!), z!, v];
  const program = compile(roots, [input, lastSpike, ...leaves, ...constants.map(([, leaf]) => leaf)], (x, test) =>
    x > 0 || (test === '>=' && x === 0) ? 1 : 0,
  );
  return (values, before) => {
    for (const [name, leaf] of constants) program.set(leaf, values.get(name)!);
    program.set(input, before.I ?? 0);
    program.set(lastSpike, before.z ?? 0);
    [before.v, before.i].forEach((value, k) => {
      if (leaves[k]) program.set(leaves[k], value ?? 0);
    });
    program.run();
    const at = (k: number): number => program.get(roots[k]!);
    return { v: at(0), i: states.length === 2 ? at(1) : 0, z: program.get(z!), recorded: program.get(v) };
  };
}

interface Linear {
  readonly alpha: number;
  readonly beta: number;
  readonly gain: number;
  readonly threshold: number;
  readonly record: CubaForm['record'];
}

/** Reads the numbers off small steps, then tries them on steps of every size. */
function linearForm(run: (before: Before) => After, threshold: number, synaptic: boolean): Linear | string {
  const h = threshold / 64;
  const beta = run({ v: h }).v / h;
  const response = run({ I: h });
  const gain = response.v / h;
  const alpha = synaptic ? run({ i: h }).i / h : 0;
  // what v takes of the synaptic current's new value
  const share = synaptic ? response.v / response.i : gain;
  if (synaptic && response.i !== 0 && response.v === 0)
    return 'sees its synaptic current a step late (synapticDelay 1); on Loihi v takes in the new u';
  if (!(gain > 0)) return 'does not take its input in as a Loihi neuron does';
  if (run({ v: h, z: 1 }).v !== run({ v: h }).v)
    return "is reset in the step after a spike; on Loihi v is 0 in the spike's own step (resetMoment 'same step')";
  const far = { I: (2 * threshold) / gain };
  const fired = run(far);
  if (run({ ...far, z: 1 }).z !== fired.z) return REFRACTORY;
  const before = (x: Before): number => beta * (x.v ?? 0) + share * nextI(x);
  const nextI = (x: Before): number => (synaptic ? alpha * (x.i ?? 0) + (gain / share) * (x.I ?? 0) : (x.I ?? 0));
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * (threshold + Math.abs(b));
  if (fired.z === 1 && !near(fired.v, 0)) {
    if (near(fired.v, before(far) - threshold))
      return "loses the threshold at a spike (reset 'subtract'); on Loihi v becomes 0 (reset 'zero')";
    if (near(fired.v, before(far))) return "is not reset at a spike (reset 'none'); on Loihi v becomes 0";
    return `is reset to ${Number(fired.v.toPrecision(6))} at a spike; on Loihi v becomes 0 (reset 'zero')`;
  }
  const record = near(fired.recorded, 0) ? 'after reset' : 'before reset';
  const levels = [-3, -0.7, 0, 0.4, 0.97, 1.9];
  for (const v of levels) {
    for (const I of levels) {
      for (const i of synaptic ? levels : [0]) {
        const x = { v: v * threshold, I: (I * threshold) / gain, i: (i * threshold) / share };
        const expected = before(x);
        // at the threshold itself rounding decides
        if (near(expected, threshold)) continue;
        const z = expected > threshold ? 1 : 0;
        const after = run(x);
        const right =
          after.z === z && near(after.v, z ? 0 : expected) && (!synaptic || near(share * after.i, share * nextI(x)));
        if (!right || !near(after.recorded, z && record === 'after reset' ? 0 : expected))
          return "has other equations than Loihi's neuron, u = alpha u + I and v = beta v + u";
      }
    }
  }
  return { alpha, beta, gain, threshold, record };
}
