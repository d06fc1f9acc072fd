import { type EpochResult, type Sequential, saveModel } from 'spiketape';
import { host } from 'spiketape/host';
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

/** All that came of a task, for a resumed run that has finished with it before. */
export async function saveOutcome({ task, ...rest }: Outcome): Promise<void> {
  await host.save(fileOf(task.folder, 'outcome.json'), toJson(rest));
}

/** What an earlier part of this run made of the task; null if it did not finish it. */
export async function readOutcome(task: Task): Promise<Outcome | null> {
  const name = fileOf(task.folder, 'outcome.json');
  const there = await host.output.list(task.folder === '' ? '.' : task.folder).catch(() => [] as string[]);
  if (!there.includes('outcome.json')) return null;
  const saved = fromJson(new TextDecoder().decode(await host.output.read(name))) as Omit<Outcome, 'task'>;
  return saved.aborted ? null : { task, ...saved };
}
