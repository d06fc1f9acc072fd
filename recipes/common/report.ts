import { confusion, type Engine } from 'spiketape';
import type { PublishedFigure } from 'spiketape/cost';
import { host } from 'spiketape/host';
import {
  type Comparison,
  type CurvePlot,
  type Report,
  renderPicture,
  renderReport,
  type Sample,
} from 'spiketape/report';
import { accuracyText, enoughTested, judgedOf, percent } from './summary.ts';
import type { Outcome } from './task.ts';

export interface PageOptions {
  readonly title: string;
  readonly subtitle: string;
  /** First among the results. */
  readonly summary?: Report['summary'];
  /** In place of the table of accuracies, spikes and voltages. */
  readonly comparison?: Comparison;
  /** Figures of others beside the cost of a decision. */
  readonly published?: readonly PublishedFigure[];
  /** Beside loss, accuracy and firing rate. */
  readonly curves?: readonly CurvePlot[];
  readonly sample?: Sample | null;
}

/** Writes `report.html` and its curves as pictures: the first outcome in full, all of them in the curves and in a table. */
export async function savePage(engine: Engine, outcomes: readonly Outcome[], options: PageOptions): Promise<void> {
  const { title, subtitle, sample } = options;
  const main = outcomes[0]!;
  const judged = judgedOf(main);
  const part = judged === main.test ? 'Test' : 'Validation';
  const labels = main.task.classes ?? [];
  const report: Report = {
    title,
    subtitle: `${subtitle}; ${engine.device.name}; seed ${main.task.seed}`,
    summary: [
      ...(options.summary ?? []),
      { label: `${part.toLowerCase()} accuracy`, value: accuracyText(main) },
      // of a net that spikes
      ...(Number.isFinite(judged.voltageMin)
        ? [
            { label: 'spikes per neuron and step', value: judged.spikeRate.toFixed(4) },
            { label: 'membrane voltage', value: `${judged.voltageMin.toFixed(2)} .. ${judged.voltageMax.toFixed(2)}` },
          ]
        : []),
      { label: 'seconds', value: main.seconds.toFixed(1) },
    ],
    curves: [...curvesOf(outcomes), ...(options.curves ?? [])],
    ...(labels.length > 0 && labels.length <= 40 && (part === 'Validation' || enoughTested(main))
      ? {
          confusion: {
            title: `${part} samples (${judged.samples})`,
            labels,
            counts: confusion(judged.labels, judged.predictions, labels.length),
          },
        }
      : {}),
    ...(options.comparison || outcomes.length > 1 ? { comparison: options.comparison ?? tableOf(outcomes) } : {}),
    ...(main.cost ? { cost: { ...main.cost, published: options.published ?? [] } } : {}),
    ...(sample ? { sample } : {}),
  };
  await host.save('report.html', renderReport(report));
  for (const plot of report.curves) {
    if (!plot.series.some(({ points }) => points.some(([, y]) => Number.isFinite(y)))) continue;
    await host.save(`${plot.title.toLowerCase().replaceAll(/\W+/g, '-')}.svg`, renderPicture(plot));
  }
}

function curvesOf(outcomes: readonly Outcome[]): CurvePlot[] {
  const several = outcomes.length > 1;
  const trained = outcomes.filter((o) => o.epochs.length > 0 || o.stretches.length > 0);
  const series = (value: (e: Outcome['epochs'][number]) => number | undefined, name: (o: Outcome) => string) =>
    trained.map((o) => ({
      name: name(o),
      points: o.epochs
        .map((e): [number, number] => [e.epoch, value(e) ?? Number.NaN])
        .filter(([, y]) => Number.isFinite(y)),
    }));
  const label = (what: string) => (o: Outcome) => (several ? o.task.label : what);
  const plot = (title: string, yLabel: string, lines: CurvePlot['series'], percents = false): CurvePlot => ({
    title,
    xLabel: 'epoch',
    yLabel,
    percent: percents,
    series: lines.filter((l) => l.points.length > 0),
  });
  const validation = (value: (v: NonNullable<Outcome['epochs'][number]['validation']>) => number) =>
    series((e) => (e.validation ? value(e.validation) : undefined), label('validation'));
  // an epoch is a point where nothing is known of its course
  const training = (value: 'loss' | 'accuracy'): CurvePlot['series'] =>
    trained.map(({ stretches, epochs }) => {
      const known = new Set(stretches.map(({ epoch }) => Math.ceil(epoch)));
      const points = [...stretches, ...epochs.filter(({ epoch }) => !known.has(epoch))]
        .map((e): [number, number] => [e.epoch, e[value]])
        .filter(([, y]) => Number.isFinite(y));
      return { name: 'training', points };
    });
  return [
    plot('Loss', several ? 'validation loss' : 'loss; regularisers are in that of training', [
      ...(several ? [] : training('loss')),
      ...validation((v) => v.loss),
    ]),
    plot(
      'Accuracy',
      several ? 'validation accuracy' : 'accuracy',
      [...(several ? [] : training('accuracy')), ...validation((v) => v.accuracy)],
      true,
    ),
    plot(
      'Firing rate',
      'spikes per neuron and step',
      // layers that do not spike have no rate
      series((e) => (Number.isFinite(e.voltageMin) ? e.spikeRate : undefined), label('training')),
    ),
  ].filter((p) => p.series.length > 0);
}

/** A line for each outcome. */
export function tableOf(outcomes: readonly Outcome[]): Comparison {
  return {
    title: 'Side by side',
    columns: ['net', 'test accuracy', 'validation', 'spikes per neuron and step', 'smallest voltage', 'epochs'],
    rows: outcomes.map((o) => {
      const judged = judgedOf(o);
      return [
        o.task.label,
        enoughTested(o) ? percent(o.test!.accuracy) : '-',
        o.validation ? percent(o.validation.accuracy) : '-',
        Number.isFinite(judged.voltageMin) ? judged.spikeRate.toFixed(4) : '-',
        Number.isFinite(judged.voltageMin) ? judged.voltageMin.toFixed(2) : '-',
        String(o.epochs.length),
      ];
    }),
  };
}
