import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Combination, pairwise } from '../../gradcheck/combinations.ts';
import { gainOf, SMALL, trialOf } from '../../gradcheck/trials.ts';
import { meanEntropy } from '../../src/check/entropy.ts';
import { makeTrial, type Trial } from '../../src/check/trial.ts';
import { judged, wrong } from '../../src/check/verdict.ts';
import { Neuron } from '../../src/layers/own.ts';
import { defineNeuron, type NeuronDefinition } from '../../src/neurons/definition.ts';
import * as e from '../../src/neurons/expr.ts';
import { substitute } from '../../src/neurons/rewrite.ts';
import { triangle } from '../../src/neurons/surrogates.ts';
import type { Twin } from '../../src/reference/twin.ts';
import { twins } from '../../src/reference/twins.ts';

// A check that cannot fail proves nothing. Errors are planted in every rule of the backward pass and in every kernel that
// computes a gradient, one at a time, and the judge has to find each.

/** The rule in which an error is planted: an operation, and which of its arguments gets too much. */
const error = vi.hoisted((): { op: string | null; argument: number } => ({ op: null, argument: 0 }));

// the library's own rules, one node at a time, so that one of them can be wrong
vi.mock('../../src/neurons/differentiate.ts', async (original) => {
  const own = await original<typeof import('../../src/neurons/differentiate.ts')>();
  const differentiate: typeof own.differentiate = (outputs, wrt, surrogate) => {
    const adjoint = new Map<e.Expr, e.Expr>(outputs.map(([node]) => [node, e.expr(0)]));
    const send = (to: e.Expr, amount: e.Expr) => adjoint.set(to, (adjoint.get(to) ?? e.expr(0)).add(amount));
    for (const [node, bar] of outputs) send(node, bar);
    for (const node of e.topological(outputs.map(([node]) => node)).reverse()) {
      const bar = adjoint.get(node);
      if (!bar || node.args.length === 0) continue;
      const places = node.args.map((_, i) => e.leaf(`argument ${i}`));
      const incoming = e.leaf('incoming');
      const alone = e.Expr.make(node.op, places, node.value, node.name);
      const values = new Map([...places.map((p, i) => [p, node.args[i]!] as const), [incoming, bar] as const]);
      const amounts = substitute(own.differentiate([[alone, incoming]], places, surrogate), values);
      node.args.forEach((to, i) => {
        const planted = node.op === error.op && i === error.argument;
        // where nothing passes, the error is that all does
        const nothing = amounts[i]!.op === 'const';
        send(to, !planted ? amounts[i]! : nothing ? bar : amounts[i]!.mul(1.01));
      });
    }
    return wrt.map((x) => adjoint.get(x) ?? e.expr(0));
  };
  return { ...own, differentiate };
});

afterEach(() => {
  error.op = null;
});

const problemsOf = async (make: (seed: number) => Trial, planted?: ReadonlyMap<string, Twin>): Promise<string[]> =>
  wrong((await judged(make, planted)).judgement);

/** A neuron that has every operation in it. */
const everything: NeuronDefinition = defineNeuron({
  name: 'Everything',
  params: {
    tau: { default: 6, unit: 'ms', min: 1, max: 100, meaning: 'time constant' },
    threshold: { default: 0.8, unit: '', min: 0.1, max: 10, meaning: 'threshold' },
    c: { default: 0.7, unit: '', min: 0.1, max: 10, meaning: 'a constant in all that follows' },
  },
  states: ['v', 'w'],
  equations({ I, z, param: { tau, threshold, c }, state: { v, w } }) {
    const decay = e.expm1(e.expr(-1).div(tau)).add(1);
    const bent = e
      .sin(w)
      .add(e.cos(c.mul(v)))
      .add(e.tanh(v.mul(c)))
      .add(e.atan(w));
    const positive = e
      .sqrt(v.mul(v).add(c))
      .sub(e.log(w.mul(w).add(1)).mul(c))
      .add(e.exp(e.abs(v).neg()));
    const cut = e.max(e.min(v.mul(2), w.add(1)), v.sub(c));
    const parts = e
      .where(w.gt(0.05), c.mul(w), v.mul(0.3))
      .add(e.where(v.ge(0.1), v, c).mul(0.2))
      .add(c.mul(v.gt(0.3).add(w.ge(0.2))));
    const now = decay.mul(v).add(I).sub(bent.mul(0.2)).add(positive.mul(0.15)).add(cut.mul(0.2)).add(parts.mul(0.2));
    const spiked = e.spike(now.sub(threshold).div(threshold));
    const next = now.sub(threshold.mul(e.detach(spiked)).mul(z.neg().add(2)));
    return { next: { v: next, w: w.mul(0.8).add(spiked.mul(c)).sub(z.mul(0.3)) }, z: spiked, v: now };
  },
});

const trial =
  () =>
  (seed: number): Trial =>
    makeTrial({
      layer: new Neuron(everything, 5, 5, {
        learn: true,
        recurrent: true,
        bias: true,
        surrogate: triangle({ gamma: 0.6 }),
      }),
      neuron: everything,
      T: 8,
      B: 2,
      dense: true,
      start: true,
      loss: meanEntropy,
      seed: `everything/${seed}`,
    });

describe('an error in a rule of differentiation is found', () => {
  it('and without one, nothing is', async () => {
    expect(await problemsOf(trial())).toEqual([]);
  });

  const operations: [op: string, args: number][] = [
    ...['neg', 'abs', 'exp', 'expm1', 'log', 'sqrt', 'sin', 'cos', 'tanh', 'atan', 'spike', 'detach'].map(
      (op): [string, number] => [op, 1],
    ),
    ...['add', 'sub', 'mul', 'div', 'min', 'max', 'gt', 'ge'].map((op): [string, number] => [op, 2]),
    ['where', 3],
  ];
  const rules = operations.flatMap(([op, args]) => Array.from({ length: args }, (_, i): [string, number] => [op, i]));
  // a constant's adjoint is asked for by nobody, and so is the choice of a where
  const real = rules.filter(([op, i]) => !(['gt', 'ge'].includes(op) && i === 1) && !(op === 'where' && i === 0));
  it.each(real)('%s, argument %i', async (op, argument) => {
    Object.assign(error, { op, argument });
    expect(await problemsOf(trial())).not.toEqual([]);
  });

  it("in a surrogate's derivative", async () => {
    const right = triangle({ gamma: 0.6 });
    const off = { ...right, derivative: (x: e.Expr) => right.derivative(x).mul(1.001) };
    const make = (seed: number): Trial => {
      const made = trial()(seed);
      // after its construction, which would refuse it
      Object.assign(made.layer, { surrogate: off });
      return made;
    };
    expect(await problemsOf(make)).not.toEqual([]);
  });
});

/** The kernel's twin with what it writes to a binding a thousandth too large. */
const tooMuch = (name: string, binding: string, calls: (label: string) => boolean = () => true): Map<string, Twin> =>
  new Map([
    [
      name,
      (c) => {
        const right = twins.get(name)!;
        if (!calls(c.call.label)) return right(c);
        const values = c.of(binding);
        const before = values.slice();
        right(c);
        values.forEach((x, i) => {
          if (!Object.is(x, before[i]))
            values[i] = (Number.isNaN(before[i]!) ? 0 : before[i]!) + 1.001 * (x - (before[i] || 0));
        });
      },
    ],
  ]);

const usual: Combination = {
  ...pairwise(1)[0]!,
  neuron: 'LIF',
  surrogate: 'sigmoid',
  recurrent: 'dense',
  loss: 'ce_mean',
  regularizer: 'none',
  input: 'spikes',
  lengths: 'cut',
  start: 'given',
  memory: 'full',
  precision: 'full',
  ...{ reset: 'subtract', resetMoment: 'same step', record: 'before reset', detachReset: 'false', spikeTest: '>' },
  ...{ inputGain: 'one', decay: 'exponential', refractory: '0', constant: 'tau', delay: '-', synapticGain: '-' },
};
const absent = {
  reset: '-',
  resetMoment: '-',
  record: '-',
  inputGain: '-',
  decay: '-',
  refractory: '-',
  constant: '-',
};

describe('an error in a kernel that computes a gradient is found', () => {
  const found = async (c: Combination, planted?: ReadonlyMap<string, Twin>): Promise<string[]> =>
    problemsOf((seed) => trialOf(c, SMALL, gainOf(c).gain, seed), planted);

  const plants: [name: string, what: Partial<Combination>, planted: Map<string, Twin>][] = [
    ['linear, backward', { input: 'dense' }, tooMuch('linear', 'y', (label) => label.includes('gradient'))],
    ['weight_gradient', { input: 'dense' }, tooMuch('weight_gradient', 'grads')],
    ['weight_gradient_spikes', {}, tooMuch('weight_gradient_spikes', 'grads')],
    ['sum_rows', {}, tooMuch('sum_rows', 'grads')],
    ['cell_backward, into the current', {}, tooMuch('cell_backward', 'trace', (label) => label.startsWith('layer'))],
    ['cell_backward, into state and constants', {}, tooMuch('cell_backward', 'carry')],
    [
      'cell_forward, run again with low memory',
      { memory: 'low' },
      tooMuch('cell_forward', 'trace', (label) => label.includes('replay')),
    ],
    ['the rate of activity', { regularizer: 'rate' }, tooMuch('activity', 'd_rate')],
    ['loss, cross entropy', {}, tooMuch('loss', 'grad')],
    ['loss, squared error', { loss: 'mse_count' }, tooMuch('loss', 'grad')],
    ['van_rossum', { loss: 'van_rossum' }, tooMuch('van_rossum', 'grad')],
    ['weight_penalty', { regularizer: 'l2' }, tooMuch('weight_penalty', 'grads')],
    ['gate_backward', { ...absent, neuron: 'GLIF' }, tooMuch('gate_backward', 'dx')],
  ];
  it.each(plants)('%s', async (_, what, planted) => {
    const c = { ...usual, ...what } as Combination;
    expect(await found(c)).toEqual([]);
    expect(await found(c, planted)).not.toEqual([]);
  });

  it('a last step that does not count', async () => {
    const planted = new Map<string, Twin>([
      [
        'cell_backward',
        (c) => {
          const short = (name: string) => (name === 'lengths' ? c.of(name).map((n) => n - 1) : c.of(name));
          twins.get('cell_backward')!({ ...c, of: short });
        },
      ],
    ]);
    expect(await found(usual, planted)).not.toEqual([]);
  });
});
