/**
 * Handwritten digits, shown row by row (or pixel by pixel), to a recurrent net of AHP neurons; the answer is due at the
 * cue steps that follow. `npm start` runs this; `npm start -- --order pixels --ablate` shows what the slow current does.
 */
import { init } from 'spiketape';
import { host, options } from 'spiketape/host';
import { comparisonOf, reportOf, saveRun } from './digits/output.ts';
import { digitSequences } from './digits/sequences.ts';
import { train } from './digits/train.ts';

const args = options({ order: ['rows', 'pixels'], ablate: false, epochs: 0, seed: 1, neurons: 128, batch: 32, lr: 0 });
const engine = await init();
console.log(`adapter: ${engine.device.name}`);

const data = await digitSequences(args.order, args.seed);
const { train: trainSet, test: testSet } = data;
console.log(`digits, ${args.order}: ${trainSet.count} to train, ${testSet.count} held out, ${trainSet.steps} steps of ${trainSet.inputs} inputs`);

const settings = {
  neurons: args.neurons,
  epochs: args.epochs || (args.order === 'rows' ? 16 : 30),
  batch: args.batch,
  lr: args.lr || 0.01,
  seed: args.seed,
};
const main = await train(engine, data, { ...settings, adaptive: true, label: args.ablate ? 'with AHP' : 'training' });
await saveRun(engine, main, data, args);
const ablated = args.ablate && !host.signal.aborted ? await train(engine, data, { ...settings, adaptive: false, label: 'without AHP' }) : null;
await host.save('report.html', await reportOf(engine, main, ablated, data, args));
if (ablated) console.log(comparisonOf(main, ablated));
