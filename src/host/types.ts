/**
 * What a script sees of the place it runs in. The same in Chrome and in Node: a script that keeps to this
 * interface does not know which of the two it is in.
 */
export interface Host {
  /** What came after `--` on the command line. */
  readonly args: readonly string[];
  readonly runtime: 'chrome' | 'node';
  /** Aborted by the first Ctrl-C; the script then has ten seconds to save what it has. */
  readonly signal: AbortSignal;
  /** The folder given with `--data`, as it was typed; null when none was given. For messages: read with `readData`. */
  readonly dataDir: string | null;
  /** Moves the bar in the terminal. Cheap enough to be called at every step. */
  progress(progress: Progress): void;
  /**
   * Bytes `start` (inclusive, default 0) to `end` (exclusive, default the file's size) of a file in the data folder.
   * Rejects when there is no data folder, the file is missing or lies outside it, or the range exceeds the file.
   */
  readData(path: string, range?: ByteRange): Promise<Uint8Array>;
  /** Size in bytes of a file in the data folder. */
  statData(path: string): Promise<{ size: number }>;
  /** Names in a folder of the data folder (default: itself), sorted; names of folders end in `/`. */
  listData(path?: string): Promise<string[]>;
  /**
   * Writes a file below the output folder, making folders as needed. Resolves once the file is complete and on disk.
   * The file appears under its name only then: a save that fails in the middle leaves what was there before.
   */
  save(path: string, content: SaveContent): Promise<void>;
  /** Adds text to the end of a file below the output folder. Resolves once it is on disk; calls keep their order. */
  append(path: string, text: string): Promise<void>;
}

export interface Progress {
  /** How much of `total` is done, in any unit; 0 <= done <= total. */
  done: number;
  total: number;
  /** What is going on, e.g. `training`. Time left starts anew when it changes. */
  label?: string;
  /** Shown after the bar in this order, e.g. `{ loss: 0.41, accuracy: 0.87, rate: 0.021 }`. */
  values?: Record<string, number>;
}

export interface ByteRange {
  start?: number;
  end?: number;
}

export type SaveContent = string | Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** A `Progress` on its way to the terminal: JSON has no NaN and no infinity, so those travel as text. */
export interface SentProgress {
  done: number;
  total: number;
  label: string;
  values: Record<string, number | string>;
}

export type ConsoleLevel = 'log' | 'info' | 'debug' | 'warn' | 'error';

/** What a running script tells the runner, in order. */
export type HostMessage =
  | { type: 'console'; level: ConsoleLevel; text: string }
  | { type: 'progress'; progress: SentProgress }
  | { type: 'failed'; name: string; message: string; stack: string }
  | { type: 'done' };

/** How a script reaches its runner. */
export interface HostConfig {
  /** Address of the run's server including the token, ending in `/`. */
  base: string;
  args: readonly string[];
  runtime: 'chrome' | 'node';
  dataDir: string | null;
}
