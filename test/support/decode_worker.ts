import { serveSamples } from '../../datasets/serve.ts';

/** What the tests' worker is told to do. */
export interface Setup {
  readonly steps: number;
  /** Samples at which it throws, ends itself, or goes on only later. */
  readonly throwAt?: number;
  readonly endAt?: number;
  readonly slow?: number;
  readonly failToStart?: boolean;
}

// Sample i: [steps, 2] with i in the first input and the step in the second.
void serveSamples(async ({ steps, throwAt, endAt, slow, failToStart }: Setup) => {
  if (failToStart) throw new Error('no decoder today');
  return async (i) => {
    if (i === throwAt) throw new Error(`sample${i}.bin: byte 7: is wrong`);
    if (i === endAt) await end();
    if (slow && i % 3 === 0) await new Promise((resolve) => setTimeout(resolve, slow));
    const values = new Float32Array(2 * steps);
    for (let t = 0; t < steps; t++) values.set([i, t], 2 * t);
    return { values, label: i % 5 };
  };
});

/** As a worker ends that runs out of memory: without a word. */
async function end(): Promise<void> {
  if ('WorkerGlobalScope' in globalThis) (globalThis as unknown as { close(): void }).close();
  else (globalThis as unknown as { process: { exit(code: number): never } }).process.exit(3);
  await new Promise(() => undefined);
}
