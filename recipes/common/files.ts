import { type EpochResult, type Sequential, saveModel } from 'spiketape';
import { host } from 'spiketape/host';
import type { Stretch } from './stretches.ts';
import type { Outcome, Task } from './task.ts';

/** A file of a task within the run's folder. */
export const fileOf = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** JSON with the numbers that JSON has not: NaN and infinities as text. */
const toJson = (value: unknown, space?: number): string =>
  JSON.stringify(value, (_, x) => (typeof x === 'number' && !Number.isFinite(x) ? `#${x}` : x), space);
const fromJson = (text: string): unknown =>
  JSON.parse(text, (_, x) => (x === '#NaN' || x === '#Infinity' || x === '#-Infinity' ? Number(x.slice(1)) : x));

export async function saveJson(folder: string, name: string, value: unknown): Promise<void> {
  await host.save(fileOf(folder, name), `${JSON.stringify(value, null, 2)}\n`);
}

export async function saveNet(folder: string, net: Sequential): Promise<void> {
  const { json, safetensors } = saveModel(net);
  await host.save(fileOf(folder, 'model.safetensors'), safetensors);
  await host.save(fileOf(folder, 'model.json'), json);
}

/** A line an epoch. Written as a whole, so that a run that was killed and resumed has no line twice. */
export async function saveMetrics(folder: string, label: string, epochs: readonly EpochResult[]): Promise<void> {
  const lines = epochs.map(({ validation, gradientNorm: _, ...e }) => ({
    run: label,
    ...e,
    validationLoss: validation?.loss,
    validationAccuracy: validation?.accuracy,
    validationSpikeRate: validation?.spikeRate,
  }));
  await host.save(fileOf(folder, 'metrics.jsonl'), lines.map((l) => `${JSON.stringify(l)}\n`).join(''));
}

/** A line a stretch. */
export async function saveStretches(folder: string, stretches: readonly Stretch[]): Promise<void> {
  await host.save(fileOf(folder, 'progress.jsonl'), stretches.map((s) => `${JSON.stringify(s)}\n`).join(''));
}

/** Those that an earlier part of this run has saved. */
export async function readStretches(folder: string): Promise<Stretch[]> {
  if (!(await namesIn(folder)).includes('progress.jsonl')) return [];
  const text = new TextDecoder().decode(await host.output.read(fileOf(folder, 'progress.jsonl')));
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** What is in the task's folder. */
const namesIn = (folder: string): Promise<readonly string[]> =>
  host.output.list(folder === '' ? '.' : folder).catch(() => []);

/** All that came of a task, for a resumed run that has finished with it before. */
export async function saveOutcome({ task, ...rest }: Outcome): Promise<void> {
  await host.save(fileOf(task.folder, 'outcome.json'), toJson(rest));
}

/** What an earlier part of this run made of the task; null if it did not finish it. */
export async function readOutcome(task: Task): Promise<Outcome | null> {
  const name = fileOf(task.folder, 'outcome.json');
  if (!(await namesIn(task.folder)).includes('outcome.json')) return null;
  const outcome = fromJson(new TextDecoder().decode(await host.output.read(name))) as Omit<Outcome, 'task'>;
  // one of an earlier version has no stretches
  return outcome.aborted ? null : { task, ...outcome, stretches: outcome.stretches ?? [] };
}
