/**
 * Character-level prediction: what comes next, in bits per character, and a sample of what the net writes.
 * `npx spiketape run recipes/text.ts --data DIR -- [--neuron ahp|lif|alif|brf|lstm|gru] [--steps n] [--neurons n]`, and the
 * options of all recipes (docs/recipes.md). DIR/text/ has the text, a .txt or .txt.gz file; the last tenth of it is the test
 * part, the tenth before that the validation part. The vocabulary is that of the whole file.
 */
import { Adam, init, loss, Readout, regularize, Sequential, schedules } from 'spiketape';
import { type DataLoader, loadText, textLoader } from 'spiketape/datasets';
import { host } from 'spiketape/host';
import { spreadOf, spreadText } from 'spiketape/runs';
import { recipeOptions } from './common/arguments.ts';
import { dataFiles } from './common/data.ts';
import { hiddenLayer, NEURONS, spiking } from './common/neurons.ts';
import { savePage } from './common/report.ts';
import { saveResults, seedsOf } from './common/results.ts';
import { judgedOf } from './common/summary.ts';
import type { Outcome } from './common/task.ts';
import { trainTask } from './common/train.ts';
import { write } from './text/write.ts';

const args = recipeOptions({ neuron: NEURONS, steps: 0, neurons: 0 });
const usual = args.quick
  ? { epochs: 6, batch: 32, neurons: 128, steps: 50, limit: 2000, lr: 0.01 }
  : { epochs: 20, batch: 64, neurons: 512, steps: 100, limit: 0, lr: 0.003 };
const [epochs, batch, neurons] = [
  args.epochs || usual.epochs,
  args.batch || usual.batch,
  args.neurons || usual.neurons,
];
const [steps, limit, lr] = [args.steps || usual.steps, args.limit || usual.limit, args.lr || usual.lr];

const text = await loadText(await dataFiles('text'));
const { vocabulary, codes } = text;
/** Windows of a part of the text, spread evenly over it where there are more than asked for. */
const part = (from: number, to: number, most: number): DataLoader => {
  const some = codes.subarray(Math.floor(codes.length * from), Math.floor(codes.length * to));
  const stride = most > 0 ? Math.max(steps, Math.floor(some.length / most)) : steps;
  return textLoader(some, { steps, symbols: vocabulary.length, stride });
};
const [train, validation] = [part(0, 0.8, limit), part(0.8, 0.9, Math.ceil(limit / 6))];
const engine = await init();
await host.describe({ adapter: engine.device.name, seed: args.seed, text: text.name });
console.log(`adapter: ${engine.device.name}`);
console.log(
  `${text.name}: ${codes.length} characters, ${vocabulary.length} symbols; ${train.count} windows of ${steps} to train, ${validation.count} to validate`,
);
if (args.quick) console.log(`--quick: ${train.count} windows, ${neurons} neurons, ${epochs} epochs`);

const netOf = (seed: number): Sequential =>
  new Sequential(
    hiddenLayer(args.neuron, vocabulary.length, neurons, {
      adaptive: Math.round(neurons / 2),
      tau: 5,
      tauAdaptive: steps,
      beta: 0.1,
      gamma: 0.5,
      weightGain: 8,
    }),
    new Readout(neurons, vocabulary.length, { tau: 3, bias: true }),
  ).initialize(seed);
const outcomes: Outcome[] = [];
for (const { seed, folder } of seedsOf(args)) {
  if (host.signal.aborted) break;
  outcomes.push(
    await trainTask(engine, {
      folder,
      label: `${args.neuron}${args.seeds > 1 ? `, seed ${seed}` : ''}`,
      net: netOf(seed),
      train,
      validation,
      test: () => part(0.9, 1, Math.ceil(limit / 6)),
      loss: loss.crossEntropy({ at: 'each step' }),
      optimizer: new Adam({ lr, clip: { norm: 1 } }),
      regularizers: spiking(args.neuron)
        ? [regularize.rate({ target: 0.1, weight: 0.1 }), regularize.voltage({ weight: 1e-4 })]
        : [],
      schedule: schedules.cosine(),
      epochs,
      batch,
      seed,
      minutes: args.minutes,
      patience: args.patience,
    }),
  );
}
const bits = (nats: number): number => nats / Math.LN2;
const bitsOf = (o: Outcome): number => bits(judgedOf(o).loss);
await saveResults(engine, outcomes, outcomes[0] ? { bitsPerCharacter: bitsOf(outcomes[0]) } : {});
const outcome = outcomes[0]!;
const what = `bits per character${outcome.test ? '' : ' (validation)'}`;
console.log(`${bitsOf(outcome).toFixed(3)} ${what}`);
if (outcomes.length > 1) console.log(spreadText(spreadOf(outcomes.map(bitsOf))));
if (outcome.costText) console.log(outcome.costText);
if (!outcome.aborted) {
  const start = text.text.slice(0, text.text.indexOf(' ') + 1).slice(0, 40);
  const written = await write(engine, outcome.task.net, vocabulary, { start, length: 300, seed: args.seed });
  console.log(`What it writes after "${start}":\n${written}`);
  await host.save('sample.txt', `${written}\n`);
}
await savePage(engine, outcomes, {
  title: 'Character-level prediction',
  subtitle: `${text.name}; ${neurons} recurrent ${args.neuron.toUpperCase()} neurons, windows of ${steps} characters`,
  summary: [{ label: what, value: bitsOf(outcome).toFixed(3) }],
  curves: [
    {
      title: 'Bits per character',
      xLabel: 'epoch',
      yLabel: 'bits',
      series: outcomes.map((o) => ({
        name: `${o.task.label}, validation`,
        points: o.epochs.map((e): [number, number] => [e.epoch, bits(e.validation?.loss ?? Number.NaN)]),
      })),
    },
  ],
});
