/**
 * Questions about a story, answered by the spiking relation network (Rao, Plank, Wild & Maass 2022; Santoro et al. 2017):
 * AHP neurons read each sentence, a small spiking net compares every pair of sentences in the light of the question. One net
 * learns all tasks that are chosen, and its accuracy on each stands beside that of the published net without spikes.
 * `npx spiketape run recipes/babi.ts --data DIR -- [--task 1 | --tasks 1,15,17 | --all] [--size 1k|10k]`, and the options of
 * all recipes (docs/recipes.md). DIR/babi/ has en/ and en-10k/, or tasks_1-20_v1-2.tar.gz as published. `--quick` learns task
 * 20 from its 1k questions with a small net and 4 steps a word.
 */
import { Adam, init, loss, regularize, Sequential, schedules } from 'spiketape';
import { host } from 'spiketape/host';
import { stories } from './babi/data.ts';
import { RelationNet } from './babi/net.ts';
import { scoresTable, scoresText, taskScores } from './babi/scores.ts';
import { settingsOf } from './babi/settings.ts';
import { recipeOptions } from './common/arguments.ts';
import { savePage } from './common/report.ts';
import { printSpreads, saveResults, seedsOf } from './common/results.ts';
import type { Outcome } from './common/task.ts';
import { trainTask } from './common/train.ts';

const args = recipeOptions({ task: 0, tasks: '', all: false, size: ['', '1k', '10k'] });
const settings = settingsOf(args);
const data = await stories(settings, args.seed);
const { babi } = data;
const engine = await init();
await host.describe({ adapter: engine.device.name, seed: args.seed, stories: data.text });
console.log(`adapter: ${engine.device.name}`);
console.log(data.text);
if (args.quick) {
  const { wordSteps, neurons } = settings.net;
  console.log(`--quick: ${wordSteps} steps a word, ${neurons} neurons read, ${settings.epochs} epochs`);
}

const netOf = (): Sequential =>
  new Sequential(
    new RelationNet({
      vocabulary: babi.vocabulary.length,
      answers: babi.answers.length,
      words: data.words,
      sentences: data.sentences,
      ...settings.net,
    }),
  );
const test = data.test();
const outcomes: Outcome[] = [];
for (const { seed, folder } of seedsOf(args)) {
  if (host.signal.aborted) break;
  outcomes.push(
    await trainTask(engine, {
      folder,
      label: `relation net${args.seeds > 1 ? `, seed ${seed}` : ''}`,
      net: netOf().initialize(seed),
      train: data.train,
      validation: data.validation,
      test: () => test,
      loss: loss.crossEntropy({ at: 'mean' }),
      optimizer: new Adam({ lr: settings.lr, clip: { norm: 1 } }),
      regularizers: [regularize.rate({ target: 0.05, weight: 0.05 }), regularize.voltage({ weight: 1e-4 })],
      schedule: schedules.cosine(),
      epochs: settings.epochs,
      batch: settings.batch,
      seed,
      minutes: args.minutes,
      patience: args.patience,
      classes: babi.answers,
    }),
  );
}
printSpreads('relation net', outcomes);
if (outcomes.length === 0) host.signal.throwIfAborted();
const [main] = outcomes as [Outcome];
const tested = main.test !== null;
const scores = taskScores(babi, tested ? test : data.validation, (main.test ?? main.validation)!);
const table = scoresTable(scores, `${tested ? 'Test' : 'Validation'} questions by task`);
console.log(scoresText(table));
await saveResults(engine, outcomes, { tasks: scores });
if (main.costText) console.log(main.costText);
await savePage(engine, outcomes, { title: 'Questions about stories (bAbI)', subtitle: data.text, comparison: table });
