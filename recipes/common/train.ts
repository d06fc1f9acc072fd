import { type Engine, type EpochResult, type Evaluation, evaluate, fit, loadParameters } from 'spiketape';
import { costOf } from 'spiketape/cost';
import { host } from 'spiketape/host';
import { Checkpoints } from 'spiketape/runs';
import { fileOf, readOutcome, saveJson, saveMetrics, saveNet, saveOutcome } from './files.ts';
import { limited } from './limit.ts';
import { percent, resultOf, summaryOf } from './summary.ts';
import type { Outcome, Task } from './task.ts';

/** Test samples over which the cost of a decision is taken. */
const COST_SAMPLES = 64;

/**
 * Trains the task's net, scores it on the test part once, and saves model, metrics and summary into its folder. A run that
 * is resumed goes on from its last checkpoint, and takes what it had finished from the files. `spiketape eval` scores the
 * saved model instead.
 */
export async function trainTask(engine: Engine, task: Task): Promise<Outcome> {
  if (host.task === 'eval') return evaluateSaved(engine, task);
  const { net, label, folder } = task;
  const before = host.resume ? await readOutcome(task) : null;
  if (before) {
    console.log(`${label}: was finished before`);
    return before;
  }
  const checkpoints = new Checkpoints(host.output, { folder: fileOf(folder, 'checkpoints') });
  const last = host.resume ? await checkpoints.latest() : null;
  if (last) console.log(`${label}: goes on from ${last.name}`);
  const epochs: EpochResult[] = [...(last?.snapshot.epochs ?? [])];
  const limit = limited(task.minutes ?? 0);
  const began = performance.now();
  const { loss, optimizer, regularizers = [], validation: validationSet, seed, schedule, patience } = task;
  const result = await fit(engine, net, task.train, {
    loss,
    optimizer,
    regularizers,
    validation: validationSet,
    epochs: task.epochs,
    batchSize: Math.min(task.batch, task.train.count),
    seed,
    signal: limit.signal,
    checkpoint: checkpoints.option,
    ...(last ? { resume: last.snapshot } : {}),
    ...(schedule ? { schedule } : {}),
    ...(task.truncate ? { truncate: task.truncate } : {}),
    ...(task.memory ? { memory: task.memory } : {}),
    ...(patience ? { earlyStop: { patience, metric: 'accuracy' } } : {}),
    onProgress: ({ step, steps, epoch, loss, accuracy, spikeRate }) =>
      host.progress({
        done: step,
        total: steps,
        label: `${label}, epoch ${epoch}`,
        values: { loss, accuracy, rate: spikeRate },
      }),
    onEpoch: async (e) => {
      epochs.push(e);
      console.log(lineOf(label, e));
      await saveMetrics(folder, label, epochs);
    },
  });
  limit.end();
  const seconds = (performance.now() - began) / 1000;
  const aborted = host.signal.aborted;
  await saveNet(folder, net);
  const score = (set: Task['train']): Promise<Evaluation> => evaluate(engine, net, set, { loss });
  const validation = limit.reached
    ? await score(validationSet)
    : (result.epochs.at(-1)?.validation ?? (await score(validationSet)));
  const testSet = aborted ? null : await task.test();
  const test = testSet && (await score(testSet));
  const cost = testSet && (await costOf(engine, net, testSet, { samples: Math.min(COST_SAMPLES, testSet.count) }));
  engine.unbind(net);
  const outcome: Outcome = { task, epochs: result.epochs, validation, test, cost, seconds, aborted };
  await saveJson(folder, 'summary.json', summaryOf(outcome, engine));
  await saveOutcome(outcome);
  console.log(resultOf(outcome));
  return outcome;
}

/** Scores the model that a run has saved: on the test part, or with `--part validation` of `spiketape eval` on that. */
async function evaluateSaved(engine: Engine, task: Task): Promise<Outcome> {
  const { net, label, folder, loss } = task;
  loadParameters(net, await host.run.read(fileOf(folder, 'model.safetensors')));
  engine.bind(net);
  const began = performance.now();
  const set = host.part === 'validation' ? task.validation : await task.test();
  const scored = await evaluate(engine, net, set, { loss });
  const cost = await costOf(engine, net, set, { samples: Math.min(COST_SAMPLES, set.count) });
  engine.unbind(net);
  const seconds = (performance.now() - began) / 1000;
  const spikes = `${scored.spikeRate.toFixed(4)} spikes per neuron and step`;
  console.log(
    `${label}: ${host.part} accuracy ${percent(scored.accuracy)}, loss ${scored.loss.toFixed(4)} (${scored.samples} samples), ${spikes}`,
  );
  return { task, epochs: [], validation: scored, test: scored, cost, seconds, aborted: false };
}

/** An epoch in a line. */
function lineOf(
  label: string,
  { epoch, loss, accuracy, validation, spikeRate, voltageMin, seconds }: EpochResult,
): string {
  const judged = validation ? `, validation ${percent(validation.accuracy)}` : '';
  const spikes = Number.isFinite(voltageMin) ? `, ${spikeRate.toFixed(4)} spikes per neuron and step` : '';
  return `${label}, epoch ${epoch}: loss ${loss.toFixed(4)}, ${percent(accuracy)}${judged}${spikes}, ${seconds.toFixed(0)} s`;
}
