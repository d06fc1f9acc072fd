import type { Engine, Evaluation } from 'spiketape';
import { host } from 'spiketape/host';
import type { Outcome } from './task.ts';

export const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;

/** Fewer test samples than the task says give no accuracy. */
export const enoughTested = ({ task, test }: Outcome): boolean =>
  test !== null && test.samples >= (task.leastTest ?? 1);

/** By what an outcome is judged: the test part where it was scored, on enough samples, otherwise the validation part. */
export const judgedOf = (o: Outcome): Evaluation => (enoughTested(o) ? o.test! : (o.validation ?? o.test!));

/** The accuracy by which it is judged, with the part if it is not the test part. */
export function accuracyText(o: Outcome): string {
  if (enoughTested(o)) return percent(o.test!.accuracy);
  return o.validation ? `${percent(o.validation.accuracy)} (validation)` : 'too few for an accuracy';
}

/** What `summary.json` says of a task. */
export function summaryOf(outcome: Outcome, engine: Engine): Record<string, unknown> {
  const { task, epochs, validation, test, cost, seconds, aborted } = outcome;
  const judged = judgedOf(outcome);
  return {
    label: task.label,
    ...(enoughTested(outcome) ? { testAccuracy: test!.accuracy, testLoss: test!.loss } : {}),
    ...(validation ? { validationAccuracy: validation.accuracy, validationLoss: validation.loss } : {}),
    spikeRate: judged.spikeRate,
    voltageMin: judged.voltageMin,
    voltageMax: judged.voltageMax,
    epochs: epochs.length,
    seconds,
    seed: task.seed,
    batch: task.batch,
    parameters: task.net.parameters().reduce((n, p) => n + (p.trainable ? p.data.length : 0), 0),
    trainItems: task.train.count,
    validationItems: task.validation.count,
    ...(test ? { testItems: test.samples } : {}),
    adapter: engine.device.name,
    runtime: host.runtime,
    aborted,
    ...(cost ? { cost } : {}),
  };
}

/** A line or two for the terminal. */
export function resultOf(outcome: Outcome): string {
  const { task, epochs, validation, test, seconds, aborted } = outcome;
  const judged = judgedOf(outcome);
  const validated = validation ? `validation ${percent(validation.accuracy)}` : '';
  const accuracy = aborted
    ? `interrupted; ${validated}`
    : enoughTested(outcome)
      ? `test accuracy ${percent(test!.accuracy)} (${test!.samples} samples; ${validated})`
      : `${validated}; ${test!.samples} test samples are too few for an accuracy`;
  const spikes = Number.isFinite(judged.voltageMin)
    ? `\n  ${judged.spikeRate.toFixed(4)} spikes per neuron and step, membrane voltage ${judged.voltageMin.toFixed(2)} .. ${judged.voltageMax.toFixed(2)}`
    : '';
  return `${task.label}: ${accuracy} after ${epochs.length} epochs in ${seconds.toFixed(1)} s${spikes}`;
}

/** Rows under their columns, the first to the left, numbers to the right. */
export function textTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [columns, ...rows];
  const widths = columns.map((_, k) => Math.max(...all.map((row) => row[k]!.length)));
  return all
    .map((row) => row.map((cell, k) => (k > 0 ? cell.padStart(widths[k]!) : cell.padEnd(widths[k]!))).join('  '))
    .join('\n');
}
