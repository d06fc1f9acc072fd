/**
 * Spoken words. Free Spoken Digits (2,700 clips to train, 300 to test), or with `--speaker` tried on a voice that was left
 * out (`--speaker all`: each in turn, with bands less their mean over the clip); Speech Commands with `--task commands`: ten words, other words and silence. Log-mel
 * bands, as numbers (`--input mel`) or as spikes of their changes (`--input delta`), to a recurrent layer; the answer is the
 * mean of the readout over the clip.
 * `npx spiketape run recipes/speech.ts --data DIR -- [--task fsdd|commands] [--speaker NAME|all] [--input mel|delta]
 * [--neuron ahp|lif|alif|brf|lstm|gru] [--neurons n]`, and the options of all recipes (docs/recipes.md). DIR/fsdd/ and
 * DIR/speech-commands/ have the files as published, in folders or as the archive. No accuracy is told of fewer than 100 clips.
 */
import { Adam, init, loss, Readout, regularize, Sequential, schedules } from 'spiketape';
import { loadFsdd } from 'spiketape/datasets';
import { host, UsageError } from 'spiketape/host';
import { recipeOptions } from './common/arguments.ts';
import { hiddenLayer, NEURONS, spiking, thresholdOf } from './common/neurons.ts';
import { savePage } from './common/report.ts';
import { printSpreads, saveResults, seedsOf } from './common/results.ts';
import { lookAt } from './common/sample.ts';
import { enoughTested, percent } from './common/summary.ts';
import type { Outcome } from './common/task.ts';
import { trainTask } from './common/train.ts';
import { type SpokenWords, spokenWords } from './speech/data.ts';
import { settingsOf, smaller } from './speech/settings.ts';

/** Test clips below which no accuracy is told. */
const LEAST_TEST = 100;

const args = recipeOptions({
  task: ['fsdd', 'commands'],
  speaker: '',
  input: ['mel', 'delta'],
  neuron: NEURONS,
  neurons: 0,
});
if (args.speaker !== '' && args.task !== 'fsdd')
  throw new UsageError('--speaker: only Free Spoken Digits (--task fsdd) say who speaks');
const settings = settingsOf(args);
if (args.quick) console.log(smaller(settings));
const known = args.speaker === '' ? [''] : (await loadFsdd(host.files('fsdd'))).speakers;
if (args.speaker !== 'all' && !known.includes(args.speaker))
  throw new UsageError(`--speaker: there is no '${args.speaker}'; there are ${known.join(', ')}, or all`);
const speakers = args.speaker === 'all' ? known : [args.speaker];
const engine = await init();
await host.describe({ adapter: engine.device.name, seed: args.seed });
console.log(`adapter: ${engine.device.name}`);

const outcomes: Outcome[] = [];
let first: SpokenWords | undefined;
for (const speaker of speakers) {
  if (host.signal.aborted) break;
  const words = await spokenWords({ task: args.task, speaker, seed: args.seed }, settings);
  first ??= words;
  console.log(words.text);
  for (const note of words.notes) console.log(note);
  const ofVoice: Outcome[] = [];
  const voice = speaker ? `, without ${speaker}` : '';
  for (const { seed, folder } of seedsOf(args)) {
    if (host.signal.aborted) break;
    const net = new Sequential(
      hiddenLayer(args.neuron, words.inputs, settings.neurons, settings),
      new Readout(settings.neurons, words.classes.length, { tau: settings.tauReadout }),
    ).initialize(seed);
    const outcome = await trainTask(engine, {
      folder: [speakers.length > 1 ? speaker : '', folder].filter(Boolean).join('/'),
      label: `${args.neuron}${voice}${args.seeds > 1 ? `, seed ${seed}` : ''}`,
      net,
      train: words.train,
      validation: words.validation,
      test: words.test,
      loss: loss.crossEntropy({ at: 'mean' }),
      optimizer: new Adam({ lr: settings.lr, clip: { norm: 10 } }),
      regularizers: spiking(args.neuron)
        ? [
            regularize.rate({ target: settings.rateTarget, weight: settings.rate }),
            regularize.voltage({ weight: settings.voltage }),
          ]
        : [],
      schedule: schedules.cosine(),
      epochs: settings.epochs,
      batch: settings.batch,
      seed,
      minutes: args.minutes,
      patience: args.patience,
      classes: words.classes,
      leastTest: LEAST_TEST,
    });
    ofVoice.push(outcome);
  }
  printSpreads(`${args.neuron}${voice}`, ofVoice);
  outcomes.push(...ofVoice);
}
const voices = !host.signal.aborted && speakers.length > 1 && outcomes.every(enoughTested) ? meanOf(outcomes) : null;
if (voices !== null) console.log(`mean of ${speakers.length} voices that training had not heard: ${percent(voices)}`);
await saveResults(engine, outcomes, voices === null ? {} : { meanTestAccuracy: voices });
if (outcomes[0]!.cost) console.log(outcomes[0]!.costText);
await savePage(engine, outcomes, {
  title: args.task === 'fsdd' ? 'Free Spoken Digits' : 'Speech Commands',
  subtitle: first!.text,
  sample: spiking(args.neuron)
    ? await lookAt(engine, outcomes[0]!.task.net, first!.validation, {
        title: (label) => `'${first!.classes[label]}' of the validation part`,
        classes: first!.classes,
        ...thresholdOf(args.neuron),
        ...(args.neuron === 'ahp' ? { adaptiveFrom: settings.neurons - settings.adaptive } : {}),
      })
    : null,
});

function meanOf(tried: readonly Outcome[]): number {
  return tried.reduce((sum, { test }) => sum + test!.accuracy, 0) / tried.length;
}
