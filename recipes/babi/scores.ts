import type { Evaluation } from 'spiketape';
import type { Babi } from 'spiketape/datasets';
import type { Comparison } from 'spiketape/report';
import { publishedAccuracy, SOURCE } from './published.ts';
import type { StorySource } from './source.ts';

/** How a task went. */
export interface TaskScore {
  readonly task: number;
  readonly name: string;
  /** Share of right answers. */
  readonly accuracy: number;
  readonly questions: number;
  /** Share of the answer that is right most often: what a guess reaches. */
  readonly guess: number;
  readonly published: string;
  /** The training file. */
  readonly trainedOn: string;
}

/** @param set whose questions were answered, in its order */
export function taskScores(babi: Babi, set: StorySource, { predictions, labels }: Evaluation): TaskScore[] {
  return babi.tasks.map(({ number, name, trainFile }) => {
    const asked = predictions.flatMap((_, k) => (set.part.tasks[set.which[k]!] === number ? [k] : []));
    const counts = new Map<number, number>();
    for (const k of asked) counts.set(labels[k]!, (counts.get(labels[k]!) ?? 0) + 1);
    const right = asked.filter((k) => predictions[k] === labels[k]).length;
    return {
      task: number,
      name,
      accuracy: right / asked.length,
      questions: asked.length,
      guess: Math.max(0, ...counts.values()) / asked.length,
      published: publishedAccuracy(number),
      trainedOn: trainFile,
    };
  });
}

const percent = (x: number): string => (Number.isFinite(x) ? `${(100 * x).toFixed(1)} %` : '-');

/** For the report. */
export function scoresTable(scores: readonly TaskScore[], title: string): Comparison {
  return {
    title: `${title}; beside it ${SOURCE}`,
    columns: ['task', 'accuracy', 'questions', 'most frequent answer', 'relation network with LSTMs', 'trained on'],
    rows: scores.map((s) => [
      `${s.task} ${s.name}`,
      percent(s.accuracy),
      String(s.questions),
      percent(s.guess),
      s.published,
      s.trainedOn,
    ]),
  };
}

/** For the terminal. */
export function scoresText({ columns, rows, title }: Comparison): string {
  const table = [columns, ...rows];
  const width = columns.map((_, c) => Math.max(...table.map((row) => String(row[c]).length)));
  const line = (row: readonly unknown[]): string =>
    row
      .map((x, c) => String(x).padEnd(width[c]!))
      .join('  ')
      .trimEnd();
  return [`${title}:`, ...table.map((row) => `  ${line(row)}`)].join('\n');
}
