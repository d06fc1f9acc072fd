/** What a GPU case is given. Cases import no DOM and no Node: they run in a page, in a worker and on Dawn alike. */
export interface CaseContext {
  /** The entry to WebGPU of wherever the case runs; an adapter was seen before the case was started. */
  readonly gpu: GPU;
  /** Shown when the case fails. */
  log(...values: unknown[]): void;
}

export interface CaseOptions {
  /** Runs the case a second time inside a dedicated worker. Default false. */
  worker?: boolean;
  /** Milliseconds after which the case counts as hung. Default 60,000. */
  timeout?: number;
}

export interface GpuCase {
  readonly name: string;
  readonly run: (context: CaseContext) => Promise<void> | void;
  readonly worker: boolean;
  readonly timeout: number;
}

/** Every registered case by name, in the order of registration. */
export const cases = new Map<string, GpuCase>();

/**
 * Registers a GPU test. Call it at the top level of a file in test/gpu/cases/; the file is found by itself.
 * The case passes when `run` returns, and fails when it throws, rejects, hangs or leaves a rejection unhandled.
 */
export function gpuCase(name: string, run: GpuCase['run'], options: CaseOptions = {}): void {
  if (cases.has(name)) throw new Error(`gpuCase: there are two cases with the name "${name}"`);
  const { worker = false, timeout = 60_000 } = options;
  if (!(timeout > 0)) throw new Error(`gpuCase "${name}": timeout must be a positive number of ms, got ${timeout}`);
  cases.set(name, { name, run, worker, timeout });
}

/** How a case ended. `stack` is in terms of the bundle; the side that made the bundle maps it to the sources. */
export interface Outcome {
  readonly ok: boolean;
  /** The error's name and message, empty where the case passed. */
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly logs: readonly string[];
}
