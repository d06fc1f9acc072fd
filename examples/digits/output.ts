import { confusion, type Engine, saveModel } from 'spiketape';
import { host } from 'spiketape/host';
import { type Report, renderReport } from 'spiketape/report';
import { lookAt } from './sample.ts';
import type { DigitSequences } from './sequences.ts';
import type { Trained } from './train.ts';

interface Arguments {
  readonly order: string;
  readonly seed: number;
}

const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;

/** Writes the model and `summary.json`. */
export async function saveRun(
  engine: Engine,
  run: Trained,
  ablated: Trained | null,
  data: DigitSequences,
  args: Arguments,
): Promise<void> {
  const { json, safetensors } = saveModel(run.net);
  await host.save('model.safetensors', safetensors);
  await host.save('model.json', json);
  const summary = {
    testAccuracy: run.test.accuracy,
    ...(ablated ? { testAccuracyWithoutAhp: ablated.test.accuracy } : {}),
    seconds: run.seconds,
    adapter: engine.device.name,
    spikeRate: run.test.spikeRate,
    voltageMin: run.test.voltageMin,
    voltageMax: run.test.voltageMax,
    seed: args.seed,
    order: args.order,
    epochs: run.epochs.length,
    trainItems: data.train.count,
    testItems: data.test.count,
    aborted: run.aborted,
    runtime: host.runtime,
  };
  await host.save('summary.json', `${JSON.stringify(summary, null, 2)}\n`);
}

/** Two nets side by side, for the terminal. */
export function comparisonOf(a: Trained, b: Trained): string {
  return `with the AHP current ${percent(a.test.accuracy)}, without it ${percent(b.test.accuracy)} (seed ${a.settings.seed}, ${a.epochs.length} and ${b.epochs.length} epochs)`;
}

/** The page that shows the run. */
export async function reportOf(
  engine: Engine,
  run: Trained,
  ablated: Trained | null,
  data: DigitSequences,
  args: Arguments,
): Promise<string> {
  const runs = ablated ? [run, ablated] : [run];
  const curve = (value: (e: Trained['epochs'][number]) => number) =>
    runs.map((r) => ({
      name: ablated ? r.label : 'training',
      points: r.epochs.map((e): [number, number] => [e.epoch, value(e)]),
    }));
  const report: Report = {
    title: `Handwritten digits, shown ${args.order === 'rows' ? 'row by row' : 'pixel by pixel'}`,
    subtitle: `${run.settings.neurons} recurrent neurons, half of them with an AHP current; ${engine.device.name}; seed ${args.seed}`,
    summary: [
      { label: 'test accuracy', value: percent(run.test.accuracy) },
      { label: 'spikes per neuron and step', value: run.test.spikeRate.toFixed(4) },
      { label: 'membrane voltage', value: `${run.test.voltageMin.toFixed(2)} .. ${run.test.voltageMax.toFixed(2)}` },
      { label: 'seconds', value: run.seconds.toFixed(1) },
    ],
    curves: [
      { title: 'Loss', xLabel: 'epoch', yLabel: 'loss', series: curve((e) => e.loss) },
      { title: 'Accuracy', xLabel: 'epoch', yLabel: 'accuracy', percent: true, series: curve((e) => e.accuracy) },
      {
        title: 'Firing rate',
        xLabel: 'epoch',
        yLabel: 'spikes per neuron and step',
        series: curve((e) => e.spikeRate),
      },
    ],
    confusion: {
      title: `Held-out digits (${data.test.count})`,
      labels: [...'0123456789'],
      counts: confusion(run.test.labels, run.test.predictions, 10),
    },
    sample: await lookAt(engine, run.net, data),
  };
  if (ablated) {
    const row = (r: Trained): string[] => [
      r.label,
      percent(r.test.accuracy),
      r.test.spikeRate.toFixed(4),
      r.test.voltageMin.toFixed(2),
    ];
    report.comparison = {
      title: 'With and without the AHP current',
      columns: ['net', 'test accuracy', 'spike rate', 'smallest voltage'],
      rows: [row(run), row(ablated)],
    };
  }
  return renderReport(report);
}
