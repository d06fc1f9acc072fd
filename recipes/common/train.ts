import { type Engine, type EpochResult, type Evaluation, evaluate, fit, loadParameters } from 'spiketape';
import { costOf } from 'spiketape/cost';
import { host } from 'spiketape/host';
import { Checkpoints } from 'spiketape/runs';
import {
  fileOf,
  readOutcome,
  readStretches,
  saveJson,
  saveMetrics,
  saveNet,
  saveOutcome,
  saveStretches,
} from './files.ts';
import { limited } from './limit.ts';
import { Stretches } from './stretches.ts';
import { accuracyText, percent, resultOf, summaryOf } from './summary.ts';
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
  const finished = host.resume ? await readOutcome(task) : null;
  if (finished) {
    loadParameters(net, await host.output.read(fileOf(folder, 'model.safetensors')));
    console.log(`${label}: was finished before`);
    return finished;
  }
  const checkpoints = new Checkpoints(host.output, { folder: fileOf(folder, 'checkpoints') });
  const last = host.resume ? await checkpoints.latest() : null;
  if (last) console.log(`${label}: goes on from ${last.name}`);
  const epochs: EpochResult[] = [...(last?.snapshot.epochs ?? [])];
  const before = last ? await readStretches(folder) : [];
  const stretches = new Stretches(task.train.count, task.epochs, last?.snapshot, before);
  let saving = saveStretches(folder, stretches.list);
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
    onProgress: (now) => {
      const { step, steps, epoch, loss, accuracy, spikeRate } = now;
      if (stretches.add(now)) {
        saving = saving.then(() => saveStretches(folder, stretches.list));
        // told of below
        saving.catch(() => {});
      }
      host.progress({
        done: step,
        total: steps,
        label: `${label}, epoch ${epoch}`,
        values: { loss, accuracy, rate: spikeRate },
      });
    },
    onEpoch: async (e) => {
      epochs.push(e);
      console.log(lineOf(label, e));
      stretches.end(e);
      await saveMetrics(folder, label, epochs);
      await saving;
      await saveStretches(folder, stretches.list);
    },
  });
  limit.end();
  await saving;
  // of all sessions: a snapshot tells of those before it
  const earlier = last ? last.snapshot.epochs.reduce((sum, e) => sum + e.seconds, last.snapshot.seconds) : 0;
  const seconds = earlier + (performance.now() - began) / 1000;
  await saveNet(folder, net);
  const { signal } = host;
  const score = (set: Task['train']): Promise<Evaluation | null> =>
    evaluate(engine, net, set, { loss, signal }).catch((error) => {
      if (signal.aborted) return null;
      throw error;
    });
  const kept = result.best ? result.epochs.find((e) => e.epoch === result.best!.epoch) : result.epochs.at(-1);
  const validation = limit.reached ? await score(validationSet) : (kept?.validation ?? null);
  // interrupted before anything was scored: the checkpoint has what there is
  if (!validation) signal.throwIfAborted();
  const testSet = signal.aborted ? null : await task.test();
  const test = testSet && (await score(testSet));
  const cost = test && (await costOf(engine, net, testSet!, { samples: Math.min(COST_SAMPLES, testSet!.count) }));
  const aborted = signal.aborted;
  engine.unbind(net);
  const { epochs: done } = result;
  const costText = cost ? String(cost) : '';
  const outcome: Outcome = {
    task,
    epochs: done,
    stretches: stretches.list,
    validation,
    test,
    cost,
    costText,
    seconds,
    aborted,
  };
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
  const outcome: Outcome = {
    task,
    epochs: [],
    stretches: [],
    validation: host.part === 'validation' ? scored : null,
    test: host.part === 'test' ? scored : null,
    cost,
    costText: String(cost),
    seconds: (performance.now() - began) / 1000,
    aborted: false,
  };
  console.log(`${label}: ${accuracyText(outcome)} of ${scored.samples} samples, loss ${scored.loss.toFixed(4)}`);
  if (Number.isFinite(scored.voltageMin)) console.log(`  ${scored.spikeRate.toFixed(4)} spikes per neuron and step`);
  return outcome;
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
