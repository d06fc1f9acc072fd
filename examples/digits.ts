/**
 * Handwritten digits, shown row by row (or pixel by pixel), to a recurrent net of AHP neurons; the answer is due at the
 * cue steps that follow. `npm start` runs this; `npm start -- --order pixels --ablate` shows what the slow current does.
 */
import { init } from 'spiketape';
import { host, options, UsageError } from 'spiketape/host';
import { comparisonOf, reportOf, saveRun } from './digits/output.ts';
import { digitSequences } from './digits/sequences.ts';
import { defaults } from './digits/settings.ts';
import { train } from './digits/train.ts';

const args = options({ order: ['rows', 'pixels'], ablate: false, epochs: 0, seed: 1, neurons: 0, batch: 0, lr: 0 });
for (const name of ['epochs', 'neurons', 'batch'] as const) {
  if (!(Number.isInteger(args[name]) && args[name] >= 0)) {
    throw new UsageError(
      `--${name}: expected a whole number (0: as usual for --order ${args.order}), got ${args[name]}`,
    );
  }
}
if (!(args.lr >= 0)) throw new UsageError(`--lr: expected a number from 0 on (0: as usual), got ${args.lr}`);
const engine = await init();
console.log(`adapter: ${engine.device.name}`);

const data = await digitSequences(args.order, args.seed);
const { train: trainSet, test: testSet } = data;
console.log(
  `digits, ${args.order}: ${trainSet.count} to train, ${testSet.count} held out, ${trainSet.steps} steps of ${trainSet.inputs} inputs`,
);

const preset = defaults[args.order];
const settings = {
  ...preset,
  neurons: args.neurons || preset.neurons,
  epochs: args.epochs || preset.epochs,
  batch: args.batch || preset.batch,
  lr: args.lr || preset.lr,
  seed: args.seed,
};
const main = await train(engine, data, settings, { adaptive: true, label: args.ablate ? 'with AHP' : 'training' });
await saveRun(engine, main, null, data, args);
const ablated =
  args.ablate && !host.signal.aborted
    ? await train(engine, data, settings, { adaptive: false, label: 'without AHP' })
    : null;
await host.save('report.html', await reportOf(engine, main, ablated, data, args));
if (ablated) {
  await saveRun(engine, main, ablated, data, args);
  console.log(comparisonOf(main, ablated));
}
