/**
 * What a script sees of the place it runs in. The same in Chrome and in Node: a script that keeps to this
 * interface does not know which of the two it is in.
 */
export interface Host {
  /** What came after `--` on the command line; of a run that is resumed or evaluated, what it was given then. */
  readonly args: readonly string[];
  readonly runtime: 'chrome' | 'node';
  /** Aborted by the first Ctrl-C; the script then has ten seconds to save what it has. */
  readonly signal: AbortSignal;
  /** What is wanted: `eval` under `spiketape eval`, which asks for the scores of what a run has saved. */
  readonly task: 'train' | 'eval';
  /** The part of the data that `spiketape eval` scores. */
  readonly part: 'test' | 'validation';
  /** Whether an earlier run goes on (`--resume`): `output` then has what that one saved. */
  readonly resume: boolean;
  /** The folder given with `--data`, as it was typed; null when none was given. For messages: read with `files`. */
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
   * A folder of the data folder by itself (default: all of it), in the form that the loaders of `spiketape/datasets`
   * take. Where the folder is missing, what is read from it rejects, saying what was found in its place.
   */
  files(folder?: string): Files;
  /** Whether the data folder has this folder; false without `--data`. */
  hasData(folder?: string): Promise<boolean>;
  /**
   * A file from the net: fetched by the runner, verified, and kept in its cache for the next time. A download that is cut
   * off goes on where it stopped, also in a later run.
   *
   * @throws Error when the server refuses, the checksum differs (both are named, and nothing is kept), or the runner was
   *   told to stay offline and the cache has no such file
   */
  download(url: string, options: DownloadOptions): Promise<Download>;
  /**
   * Writes a file below the output folder, making folders as needed. Resolves once the file is complete and on disk.
   * The file appears under its name only then: a save that fails in the middle leaves what was there before.
   */
  save(path: string, content: SaveContent): Promise<void>;
  /** Adds text to the end of a file below the output folder. Resolves once it is on disk; calls keep their order. */
  append(path: string, text: string): Promise<void>;
  /** The output folder: what this run saves, and what it saved before it was interrupted and resumed. */
  readonly output: Store;
  /** Under `spiketape eval`: the folder of the run that is to be scored. Otherwise reading from it rejects. */
  readonly run: Files;
  /**
   * Adds facts to the `run.json` of this run's folder: the adapter, the seed. A later value of a name takes the place of
   * the earlier one.
   *
   * @throws Error for a name that the runner fills itself, such as `args`
   */
  describe(facts: Record<string, unknown>): Promise<void>;
}

/** Files to be read: a folder, an archive, what a page was given. Names have `/` between their parts. */
export interface Files {
  /** Names in a folder (default: the outermost), sorted; names of folders end in `/`. */
  list(folder?: string): Promise<string[]>;
  /** Size in bytes. */
  size(path: string): Promise<number>;
  /** Bytes `start` (inclusive, default 0) to `end` (exclusive, default the file's size). */
  read(path: string, range?: ByteRange): Promise<Uint8Array>;
}

/** Files that are also written. A folder that nothing was written to has an empty list. */
export interface Store extends Files {
  /** As `host.save`: the file appears when it is complete and on disk. */
  write(path: string, content: Uint8Array | string): Promise<void>;
  /** Removes a file; without one nothing happens. */
  remove(path: string): Promise<void>;
}

export interface DownloadOptions {
  /** The file's SHA-256, 64 hexadecimal digits. */
  sha256: string;
  /** Its size, where it is known: a wrong file is then noticed before all of it came. */
  bytes?: number;
  /** Its name in the cache and in messages; by default the last part of the address. */
  name?: string;
}

/** A file in the runner's cache. */
export interface Download {
  /** In bytes. */
  readonly size: number;
  read(range?: ByteRange): Promise<Uint8Array>;
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

/** How a script reaches its runner, and what it is to do. */
export interface HostConfig {
  /** Address of the run's server including the token, ending in `/`. */
  base: string;
  args: readonly string[];
  runtime: 'chrome' | 'node';
  dataDir: string | null;
  task: 'train' | 'eval';
  part: 'test' | 'validation';
  resume: boolean;
}
