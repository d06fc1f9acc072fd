import type { Outcome } from './case.ts';

/** Runs cases one at a time somewhere else. What it starts is started at the first use and again after a crash or a hang. */
export interface CaseRunner {
  /** One line about the adapter. Throws when there is none: a test run without an adapter is a failed one. */
  adapter(): Promise<string>;
  /**
   * Runs one case; resolves to what it logged, rejects with its message, its stack in terms of the sources and its log
   * when it fails.
   */
  run(name: string, timeout: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Thrown by a runner when the place where cases run is gone: the next case needs a new one. */
export class Gone extends Error {}

/** Settles as `promise` does, or rejects with `Gone` after `ms`. */
export async function withTimeout<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Gone(`${what} did not end within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Frames of the harness itself and of puppeteer, which say nothing about a case. */
const ownFrames = /test\/gpu\/harness\/(inside|page|worker|dawn)\.ts|pptr:|node:internal/;

/** The error that vitest shows. The mapped stack goes into the message: vitest would map its frames a second time. */
export function failure(name: string, message: string, stack = '', logs: readonly string[] = []): Error {
  const frames = stack.split('\n').filter((line) => /^\s+at |^Caused by: /.test(line) && !ownFrames.test(line));
  const log = logs.length > 0 ? ['log:', ...logs.map((line) => `  ${line}`)] : [];
  const error = new Error([message, ...frames, ...log].join('\n'));
  error.name = name;
  error.stack = `${name}: ${message}`;
  return error;
}

/** The error for a case that came to its end and failed; `map` brings its stack to the sources. */
export function failed(outcome: Outcome, logs: readonly string[], map: (stack: string) => string): Error {
  return failure(outcome.name, outcome.message, map(outcome.stack), logs.length > 0 ? logs : outcome.logs);
}
