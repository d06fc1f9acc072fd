import type {
  BatchSource,
  EpochResult,
  Evaluation,
  LossFunction,
  Optimizer,
  Regularizer,
  Schedule,
  Sequential,
} from 'spiketape';
import type { Cost } from 'spiketape/cost';
import type { Stretch } from './stretches.ts';

/** One net and what it learns: everything that a recipe decides. */
export interface Task {
  /** Folder of its files within the run; '' where a run trains one net. */
  readonly folder: string;
  /** For the terminal and the report. */
  readonly label: string;
  readonly net: Sequential;
  readonly train: BatchSource;
  /** Cut from the training part. */
  readonly validation: BatchSource;
  /** Asked for once, when training is over. */
  readonly test: () => BatchSource | Promise<BatchSource>;
  readonly loss: LossFunction;
  readonly optimizer: Optimizer;
  readonly regularizers?: readonly Regularizer[];
  readonly schedule?: Schedule;
  readonly truncate?: number;
  readonly memory?: 'full' | 'low';
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  /** Epochs without a better validation accuracy after which training ends; none by default. */
  readonly patience?: number;
  /** Minutes after which training ends; 0: no limit. */
  readonly minutes?: number;
  /** Names of the classes; none for a task without. */
  readonly classes?: readonly string[];
  /** Test samples below which no accuracy is reported (0). */
  readonly leastTest?: number;
}

/** What came of a task. */
export interface Outcome {
  readonly task: Task;
  readonly epochs: readonly EpochResult[];
  /** The training's course within its epochs. */
  readonly stretches: readonly Stretch[];
  /** null where only the test part was asked for, by `spiketape eval`. */
  readonly validation: Evaluation | null;
  /** null when training was interrupted: the test part waits for the end. */
  readonly test: Evaluation | null;
  /** As plain data, and as a table for the terminal. */
  readonly cost: Cost | null;
  readonly costText: string;
  readonly seconds: number;
  readonly aborted: boolean;
}
