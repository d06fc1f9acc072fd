import { crossEntropy } from '../loss/cross_entropy.ts';
import { add, type Dual, div, dual, exp, log, sub, sum } from './dual.ts';
import type { Course, Facts, JudgedLoss } from './trial.ts';

/** Labels of the samples. */
export const labelsOf = ({ B, C }: Facts): number[] => Array.from({ length: B }, (_, b) => (b + 2) % C);

/** -log of the softmax, at each class. */
export function surprise(f: readonly Dual[]): Dual[] {
  // any number may be taken off all: the largest keeps the exponentials small
  const most = Math.max(...f.map((x) => x.value));
  const total = log(sum(f.map((x) => exp(sub(x, most)))));
  return f.map((x) => sub(add(total, most), x));
}

/** Cross entropy of a readout's mean, the loss with which a neuron is checked where no other is asked for. */
export const meanEntropy: JudgedLoss = {
  name: 'cross entropy of the mean',
  of: 'readout',
  smooth: true,
  record: (outputs, facts) => crossEntropy(outputs, labelsOf(facts), { at: 'mean' }).loss,
  formula(outputs: Course, facts: Facts) {
    const labels = labelsOf(facts);
    const losses = outputs
      .map((course, b) => ({ course, label: labels[b]! }))
      .filter(({ course }) => course.length > 0)
      .map(({ course, label }) => {
        const means = course[0]!.map((_, c) => div(sum(course.map((f) => f[c]!)), course.length));
        return surprise(means)[label]!;
      });
    return losses.length > 0 ? div(sum(losses), losses.length) : dual(0);
  },
};
