import { judge, type Outcome } from './judge.ts';
import { type Mutant, mutantOf } from './mutant.ts';
import type { Target } from './target.ts';

export interface Failure {
  readonly index: number;
  readonly mutant: Mutant;
  readonly what: string;
}

export interface Tally {
  readonly files: number;
  readonly seconds: number;
  /** Refusals by their class, and what was read by the change that made it. */
  readonly counts: ReadonlyMap<string, number>;
  readonly failed: readonly Failure[];
  readonly slowest: number;
  /** The most that a mutant took, in bytes; 0 where memory is not watched. */
  readonly most: number;
}

export interface CampaignOptions {
  readonly seed: number;
  readonly from?: number;
  readonly files: number;
  /** Ends it earlier. */
  readonly seconds?: number;
  /** Times the reader's own limit that a mutant may take, on a machine that does other things too (5). */
  readonly patience?: number;
  /** What the process holds, in bytes by one or several measures, where memory is to be watched. */
  readonly memory?: () => readonly number[];
  /** Called before each mutant. */
  readonly onBegin?: (index: number) => void;
  readonly onEnd?: (done: number, outcome: Outcome) => void;
  /** Ends the campaign after so many failures (20). */
  readonly most?: number;
}

/** Gives a reader mutants, one after another, and counts what becomes of them. */
export async function campaign(target: Target, options: CampaignOptions): Promise<Tally> {
  const { seed, from = 0, files, seconds = Infinity, patience = 5, memory, most = 20 } = options;
  const seeds = await target.seeds();
  const counts = new Map<string, number>();
  const failed: Failure[] = [];
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / 1000;
  let [slowest, highest, done] = [0, 0, 0];
  for (const seedFile of from === 0 ? seeds : []) {
    const { kind, what } = await judge(target, seedFile, 'seed', patience);
    if (kind !== 'read') throw new Error(`fuzz: ${target.name}: a valid file is not read: ${what}`);
  }
  for (let index = from; index < from + files && elapsed() < seconds && failed.length < most; index++) {
    // rejections that nobody handles are only told of between tasks
    if (index % 20 === 0) await new Promise((resolve) => setTimeout(resolve));
    options.onBegin?.(index);
    const mutant = await mutantOf(target, seeds, seed, index);
    const { outcome, taken } = await watched(target, mutant, patience, memory);
    if (outcome.kind === 'failed') failed.push({ index, mutant, what: outcome.what });
    else counts.set(`${outcome.kind}: ${outcome.what}`, (counts.get(`${outcome.kind}: ${outcome.what}`) ?? 0) + 1);
    slowest = Math.max(slowest, outcome.milliseconds);
    highest = Math.max(highest, taken);
    options.onEnd?.(++done, outcome);
  }
  await new Promise((resolve) => setTimeout(resolve));
  return { files: done, seconds: elapsed(), counts, failed, slowest, most: highest };
}

async function watched(
  target: Target,
  { bytes, how }: Mutant,
  patience: number,
  memory: CampaignOptions['memory'],
): Promise<{ outcome: Outcome; taken: number }> {
  const bound = target.bound(bytes.length);
  let [outcome, taken]: [Outcome | null, number] = [null, 0];
  // what is too much or too slow once may be another's garbage, or another process
  for (let attempt = 0; attempt < 3; attempt++) {
    const before = memory?.();
    outcome = await judge(target, bytes, how, patience);
    const after = memory?.();
    taken = before && after ? Math.max(...after.map((held, i) => held - before[i]!)) : 0;
    const late = outcome.kind === 'failed' && outcome.what.startsWith('took ');
    if (taken <= bound && !late) break;
  }
  if (taken > bound && outcome!.kind !== 'failed') {
    const what = `took ${(taken / 2 ** 20).toFixed(1)} MiB for ${bytes.length} bytes, ${(bound / 2 ** 20).toFixed(1)} MiB allowed`;
    return { outcome: { kind: 'failed', what, milliseconds: outcome!.milliseconds }, taken };
  }
  return { outcome: outcome!, taken };
}
