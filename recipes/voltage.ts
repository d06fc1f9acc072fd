/**
 * How sparsely the net of `smnist` can fire, with and without regularisation of the membrane voltage (Rao, Plank, Wild &
 * Maass 2022): the same net is trained at falling targets of the firing rate. A table and a plot of accuracy, spikes per
 * inference and smallest voltage.
 * `npx spiketape run recipes/voltage.ts --data DIR -- [--targets 0.02,0.01,0.005] [--voltage 1e-4]`, and the options of all
 * recipes (docs/recipes.md); data as for `smnist`.
 */
import { Adam, init, loss, regularize, schedules } from 'spiketape';
import { host, UsageError } from 'spiketape/host';
import { recipeOptions } from './common/arguments.ts';
import { savePage } from './common/report.ts';
import { saveResults } from './common/results.ts';
import { accuracyText, judgedOf, textTable } from './common/summary.ts';
import type { Outcome } from './common/task.ts';
import { trainTask } from './common/train.ts';
import { imageSequences } from './smnist/data.ts';
import { netOf } from './smnist/net.ts';
import { settingsOf } from './smnist/settings.ts';

const args = recipeOptions({ targets: '', voltage: 0, neurons: 0 });
// four nets in the time of one
const settings = settingsOf(args.quick ? { ...args, epochs: args.epochs || 6, limit: args.limit || 1200 } : args);
const usual = args.quick ? '0.05,0.01' : '0.02,0.01,0.005,0.0025';
const targets = (args.targets || usual).split(',').map(Number);
for (const target of targets)
  if (!(target > 0 && target <= 1))
    throw new UsageError(`--targets: expected spikes per step in 0..1, as in ${usual}, got '${args.targets}'`);
if (!(args.voltage >= 0))
  throw new UsageError(`--voltage: expected a weight above 0 (0: as usual), got ${args.voltage}`);
if (args.seeds > 1)
  throw new UsageError('--seeds: this recipe trains a net for each target; run it once for each --seed');
const weight = args.voltage || (args.quick ? 1e-3 : 1e-4);

const data = await imageSequences({ ...settings, quick: args.quick, seed: args.seed, permuted: false });
const engine = await init();
await host.describe({ adapter: engine.device.name, seed: args.seed });
console.log(`adapter: ${engine.device.name}`);
console.log(`${data.text}; ${settings.neurons} neurons, ${settings.epochs} epochs each`);

const outcomes: (Outcome & { readonly target: number; readonly regularised: boolean })[] = [];
for (const target of targets) {
  for (const regularised of [true, false]) {
    if (host.signal.aborted) break;
    const outcome = await trainTask(engine, {
      folder: `rate-${target}${regularised ? '-voltage' : ''}`,
      label: `${target} ${regularised ? 'with' : 'without'}`,
      net: netOf('ahp', data.inputs, data.classes.length, settings).initialize(args.seed),
      train: data.train,
      validation: data.validation,
      test: data.test,
      loss: loss.crossEntropy({ at: { cue: data.cue } }),
      optimizer: new Adam({ lr: settings.lr }),
      regularizers: [
        regularize.rate({ target, weight: settings.rate }),
        ...(regularised ? [regularize.voltage({ weight })] : []),
      ],
      schedule: schedules.cosine(),
      epochs: settings.epochs,
      batch: settings.batch,
      seed: args.seed,
      minutes: args.minutes,
      patience: args.patience,
      classes: data.classes,
    });
    outcomes.push({ ...outcome, target, regularised });
  }
}

/** Of all neurons in all steps of one sample. */
const spikes = (o: Outcome): number => judgedOf(o).spikeRate * settings.neurons * data.train.steps;
const rows = outcomes.map((o) => [
  o.task.label,
  accuracyText(o),
  spikes(o).toFixed(0),
  judgedOf(o).spikeRate.toFixed(4),
  judgedOf(o).voltageMin.toFixed(2),
]);
const columns = ['net', 'accuracy', 'spikes per inference', 'spikes per neuron and step', 'smallest voltage'];
console.log(textTable(columns, rows));
const series = (regularised: boolean, y: (o: Outcome) => number) => ({
  name: regularised ? 'with the term' : 'without',
  points: outcomes
    .filter((o) => o.regularised === regularised)
    .map((o): [number, number] => [spikes(o), y(o)])
    .sort(([a], [b]) => a - b),
});
const both = (y: (o: Outcome) => number) => [series(true, y), series(false, y)];
await saveResults(engine, outcomes);
await savePage(engine, outcomes, {
  title: 'Sparse firing and the voltage term',
  subtitle: `${data.text}; nets by their target of the firing rate, with and without the voltage term`,
  comparison: { title: 'At falling targets of the firing rate', columns, rows },
  curves: [
    {
      title: 'Accuracy against spikes',
      xLabel: 'spikes per inference',
      yLabel: 'accuracy',
      percent: true,
      series: both((o) => judgedOf(o).accuracy),
    },
    {
      title: 'Smallest membrane voltage',
      xLabel: 'spikes per inference',
      yLabel: 'thresholds',
      series: both((o) => judgedOf(o).voltageMin),
    },
  ],
});
