/**
 * Sequential MNIST as published (Rao, Plank, Wild & Maass 2022): a pixel a step, 784 steps and 56 of a cue, 80 inputs that
 * spike when the brightness crosses a level; 240 recurrent AHP neurons. The mean readout over the cue is the answer. `--neuron` takes others of the same number in their
 * place, `--all` each in turn; `--permuted` shows the pixels in an order of their own.
 * `npx spiketape run recipes/smnist.ts --data DIR -- [--neuron ahp|lif|alif|brf|lstm|gru] [--all] [--permuted]`, and the
 * options of all recipes (docs/recipes.md). DIR/mnist/ has the four files as published. `--quick` pools the images to 7 x 7
 * pixels; without a folder it takes the 8 x 8 digits that come with the package.
 */
import { Adam, init, loss, regularize, schedules } from 'spiketape';
import { published } from 'spiketape/cost';
import { host } from 'spiketape/host';
import { recipeOptions } from './common/arguments.ts';
import { NEURONS, type NeuronName, spiking, thresholdOf } from './common/neurons.ts';
import { savePage } from './common/report.ts';
import { printSpreads, saveResults, seedsOf } from './common/results.ts';
import { lookAt } from './common/sample.ts';
import type { Outcome } from './common/task.ts';
import { trainTask } from './common/train.ts';
import { imageSequences } from './smnist/data.ts';
import { netOf } from './smnist/net.ts';
import { settingsOf } from './smnist/settings.ts';

const args = recipeOptions({ neuron: NEURONS, permuted: false, all: false, neurons: 0 });
const settings = settingsOf(args);
const data = await imageSequences({ ...settings, quick: args.quick, permuted: args.permuted, seed: args.seed });
const engine = await init();
await host.describe({ adapter: engine.device.name, seed: args.seed, what: data.text });
console.log(`adapter: ${engine.device.name}`);
console.log(data.text);

const outcomes: Outcome[] = [];
const neuronOf = new Map<Outcome, NeuronName>();
for (const neuron of args.all ? NEURONS : [args.neuron]) {
  try {
    await trainFromSeeds(neuron);
  } catch (error) {
    // what the others came to is not lost with one
    if (!args.all || host.signal.aborted) throw error;
    console.error(`${neuron}: ${(error as Error).message}`);
  }
}
await saveResults(engine, outcomes);
const { task, costText } = outcomes[0]!;
if (costText) console.log(costText);
const shown = neuronOf.get(outcomes[0]!)!;
await savePage(engine, outcomes, {
  title: args.permuted ? 'Permuted sequential MNIST' : 'Sequential MNIST',
  subtitle: data.text,
  ...(args.quick ? {} : { published: published.smnist }),
  sample: spiking(shown)
    ? await lookAt(engine, task.net, data.validation, {
        title: (label) => `A ${label} of the validation part`,
        classes: data.classes,
        phases: data.phases,
        image: data.validationImage,
        ...thresholdOf(shown),
        ...(shown === 'ahp' ? { adaptiveFrom: settings.neurons - settings.adaptive! } : {}),
      })
    : null,
});

async function trainFromSeeds(neuron: NeuronName): Promise<void> {
  const ofNeuron: Outcome[] = [];
  for (const { seed, folder } of seedsOf(args)) {
    if (host.signal.aborted) break;
    const outcome = await trainTask(engine, {
      folder: [args.all ? neuron : '', folder].filter(Boolean).join('/'),
      label: `${neuron}${args.seeds > 1 ? `, seed ${seed}` : ''}`,
      net: netOf(neuron, data.inputs, data.classes.length, settings).initialize(seed),
      train: data.train,
      validation: data.validation,
      test: data.test,
      loss: loss.crossEntropy({ at: { cue: data.cue } }),
      optimizer: new Adam({ lr: settings.lr, clip: { norm: 10 } }),
      regularizers: spiking(neuron)
        ? [
            regularize.rate({ target: settings.rateTarget, weight: settings.rate }),
            regularize.voltage({ weight: settings.voltage }),
          ]
        : [],
      schedule: schedules.cosine(),
      epochs: settings.epochs,
      // four gates a unit and step must fit a binding, which has 128 MiB at least
      batch: spiking(neuron) || args.batch ? settings.batch : Math.min(settings.batch, 32),
      seed,
      minutes: args.minutes,
      patience: args.patience,
      classes: data.classes,
    });
    ofNeuron.push(outcome);
    outcomes.push(outcome);
    neuronOf.set(outcome, neuron);
  }
  printSpreads(neuron, ofNeuron);
}
