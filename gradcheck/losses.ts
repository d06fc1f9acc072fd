import { add, type Dual, div, dual, maximum, mul, square, sub, sum } from '../src/check/dual.ts';
import { labelsOf, surprise } from '../src/check/entropy.ts';
import { Random } from '../src/check/random.ts';
import type { Course, Facts, JudgedLoss } from '../src/check/trial.ts';
import * as loss from '../src/loss/index.ts';
import type { At } from '../src/loss/sequence.ts';

// Every loss, and beside each its formula as papers and other frameworks write it.

const random = (facts: Facts, what: string): Random => new Random(`${facts.seed}/${what}`);

/** Weights of classes, not all alike. */
const classWeightsOf = ({ C }: Facts): number[] => Array.from({ length: C }, (_, c) => 1 + 0.5 * c);

/** Weights of steps, [T], with steps that do not count. */
const maskOf = ({ T }: Facts): number[] => Array.from({ length: T }, (_, t) => (t % 4 === 1 ? 0 : 1 + (t % 3) / 4));

interface Parts {
  readonly at: At;
  readonly smoothing?: number;
  readonly classWeights?: boolean;
  readonly mask?: boolean;
}

/** The steps of sample b that count, with their weights. */
function counted(facts: Facts, b: number, { at, mask }: Parts): { t: number; w: number }[] {
  const weights = mask ? maskOf(facts) : new Array<number>(facts.T).fill(1);
  const steps = Array.from({ length: facts.lengths[b]! }, (_, t) => ({ t, w: weights[t]! })).filter((s) => s.w > 0);
  if (at === 'last') return steps.slice(-1);
  return typeof at === 'object' ? steps.slice(-at.cue) : steps;
}

/** What of a sample is judged: the outputs of each counted step, or one vector made of all. */
function judged(outputs: Course, facts: Facts, b: number, parts: Parts): { f: readonly Dual[]; share: number }[] {
  const steps = counted(facts, b, parts);
  if (steps.length === 0) return [];
  const total = steps.reduce((s, { w }) => s + w, 0);
  const f = (t: number): readonly Dual[] => outputs[b]![t]!;
  const perOutput = (of: (c: number) => Dual): Dual[] => Array.from({ length: facts.C }, (_, c) => of(c));
  switch (parts.at) {
    case 'mean':
      return [{ f: perOutput((c) => div(sum(steps.map(({ t, w }) => mul(w, f(t)[c]!))), total)), share: 1 }];
    case 'sum':
      return [{ f: perOutput((c) => sum(steps.map(({ t, w }) => mul(w, f(t)[c]!)))), share: 1 }];
    case 'max':
      return [{ f: perOutput((c) => steps.map(({ t }) => f(t)[c]!).reduce((m, x) => maximum(x, m))), share: 1 }];
    default:
      return steps.map(({ t, w }) => ({ f: f(t), share: w / total }));
  }
}

function crossEntropy(outputs: Course, facts: Facts, parts: Parts): Dual {
  const { B, C } = facts;
  const weights = parts.classWeights ? classWeightsOf(facts) : new Array<number>(C).fill(1);
  const labels = labelsOf(facts);
  const e = parts.smoothing ?? 0;
  let [total, scale] = [dual(0), 0];
  for (let b = 0; b < B; b++) {
    const vectors = judged(outputs, facts, b, parts);
    if (vectors.length > 0) scale += weights[labels[b]!]!;
    for (const { f, share } of vectors) {
      const terms = surprise(f).map((s, c) => mul(weights[c]! * ((c === labels[b] ? 1 - e : 0) + e / C), s));
      total = add(total, mul(share, sum(terms)));
    }
  }
  return scale > 0 ? div(total, scale) : total;
}

/** @param goal what output c of sample b should be at step t */
function squaredError(
  outputs: Course,
  facts: Facts,
  parts: Parts,
  goal: (b: number, t: number, c: number) => number,
): Dual {
  const { B, C } = facts;
  const weights = parts.classWeights ? classWeightsOf(facts) : new Array<number>(C).fill(1);
  const labels = labelsOf(facts);
  let [total, scale] = [dual(0), 0];
  for (let b = 0; b < B; b++) {
    const steps = counted(facts, b, parts);
    const weight = weights[labels[b]!]!;
    if (steps.length > 0) scale += weight;
    const duration = steps.reduce((s, { w }) => s + w, 0);
    judged(outputs, facts, b, parts).forEach(({ f, share }, i) => {
      const squares = f.map((x, c) => square(sub(x, goal(b, steps[i]!.t, c) * (parts.at === 'sum' ? duration : 1))));
      const mean = div(sum(squares), C * (parts.at === 'sum' ? duration : 1));
      total = add(total, mul(weight * share, mean));
    });
  }
  return scale > 0 ? div(total, scale) : total;
}

/** Numbers that outputs should have, one for each step, sample and output, time-major. */
const valuesOf = (facts: Facts): Float32Array => random(facts, 'targets').normals(facts.T * facts.B * facts.C);

/** Spike trains that outputs should be. */
const trainsOf = (facts: Facts): Float32Array => random(facts, 'trains').spikes(facts.T * facts.B * facts.C, 0.2);

/** Both trains filtered by e^{-t/tau}, the squared difference integrated. */
function vanRossum(outputs: Course, facts: Facts, tau: number): Dual {
  const { B, C } = facts;
  const targets = trainsOf(facts);
  const samples = facts.lengths.filter((n) => n > 0).length;
  let total = dual(0);
  for (let b = 0; b < B; b++) {
    for (let c = 0; c < C; c++) {
      let filtered = dual(0);
      for (let t = 0; t < facts.lengths[b]!; t++) {
        const difference = sub(outputs[b]![t]![c]!, targets[(t * B + b) * C + c]!);
        filtered = add(mul(Math.exp(-1 / tau), filtered), difference);
        total = add(total, mul(1 / tau, square(filtered)));
      }
    }
  }
  return div(total, Math.max(1, samples) * C);
}

const entropy = (name: string, of: JudgedLoss['of'], parts: Parts, make: (facts: Facts) => loss.LossFunction) =>
  ({
    name,
    of,
    smooth: parts.at !== 'max',
    record: (outputs, facts) => make(facts)(outputs, labelsOf(facts)).loss,
    formula: (outputs, facts) => crossEntropy(outputs, facts, parts),
  }) satisfies JudgedLoss;

/** Rates of the right class and of the others. */
const GOAL = { correct: 0.6, wrong: 0.1 };
const rateGoal = (facts: Facts) => (b: number, _: number, c: number) =>
  c === labelsOf(facts)[b] ? GOAL.correct : GOAL.wrong;
/** As large as the cross entropies, so that each weighs alike beside the regularisers. */
const VAN_ROSSUM_TAU = 6;

/** The losses that the check walks over, by the name in `loss.known` and what is asked of it. */
export const losses: readonly (JudgedLoss & { readonly covers: keyof typeof loss.known })[] = [
  { covers: 'ce_rate', ...entropy('ce_rate', 'spikes', { at: 'each step' }, () => loss.ceRate()) },
  { covers: 'ce_count', ...entropy('ce_count', 'spikes', { at: 'sum' }, () => loss.ceCount()) },
  { covers: 'ce_mean', ...entropy('ce_mean of spikes', 'spikes', { at: 'mean' }, () => loss.ceMean()) },
  {
    covers: 'mse_count',
    name: 'mse_count',
    of: 'spikes',
    smooth: true,
    record: (outputs, facts) => loss.mseCount(GOAL)(outputs, labelsOf(facts)).loss,
    formula: (outputs, facts) => squaredError(outputs, facts, { at: 'sum' }, rateGoal(facts)),
  },
  {
    covers: 'van_rossum',
    name: 'van_rossum',
    of: 'spikes',
    smooth: true,
    record: (outputs, facts) => loss.vanRossum({ tau: VAN_ROSSUM_TAU })(outputs, trainsOf(facts)).loss,
    formula: (outputs, facts) => vanRossum(outputs, facts, VAN_ROSSUM_TAU),
  },
  { covers: 'ce_mean', ...entropy('ce_mean', 'readout', { at: 'mean' }, () => loss.ceMean()) },
  { covers: 'ce_last', ...entropy('ce_last', 'readout', { at: 'last' }, () => loss.ceLast()) },
  { covers: 'ce_max_membrane', ...entropy('ce_max_membrane', 'readout', { at: 'max' }, () => loss.ceMaxMembrane()) },
  {
    covers: 'ce_rate',
    ...entropy('ce at a cue, smoothed', 'readout', { at: { cue: 3 }, smoothing: 0.1 }, () =>
      loss.crossEntropy({ at: { cue: 3 }, smoothing: 0.1 }),
    ),
  },
  {
    covers: 'ce_mean',
    ...entropy('ce_mean, weighted, masked', 'readout', { at: 'mean', classWeights: true, mask: true }, (facts) =>
      loss.ceMean({ classWeights: classWeightsOf(facts), mask: maskOf(facts) }),
    ),
  },
  {
    covers: 'mse_membrane',
    name: 'mse_membrane',
    of: 'readout',
    smooth: true,
    record: (outputs, facts) => loss.mseMembrane({ targets: 'values' })(outputs, valuesOf(facts)).loss,
    formula: (outputs, facts) => {
      const values = valuesOf(facts);
      return squaredError(outputs, facts, { at: 'each step' }, (b, t, c) => values[(t * facts.B + b) * facts.C + c]!);
    },
  },
  {
    covers: 'mse_membrane',
    name: 'mse_membrane of labels, weighted, masked',
    of: 'readout',
    smooth: true,
    record: (outputs, facts) => {
      const options = { ...GOAL, classWeights: classWeightsOf(facts), mask: maskOf(facts) };
      return loss.mseMembrane(options)(outputs, labelsOf(facts)).loss;
    },
    formula: (outputs, facts) =>
      squaredError(outputs, facts, { at: 'each step', classWeights: true, mask: true }, rateGoal(facts)),
  },
];
