import { alternate, type Course, type Patience, type Turn } from './alternate.ts';
import type { BenchCase } from './cases.ts';
import type { Contender, Runner } from './contender.ts';
import { type CaseData, dataOf } from './data.ts';
import { lossOf } from './forward.ts';
import { type OurRunner, ours } from './ours.ts';
import type { Planned } from './plan.ts';
import { LOSS_TOLERANCE, OUTCOME_TOLERANCE, type Row, rounded, row, times } from './row.ts';
import { difference } from './statistics.ts';

/** A turn takes at least this long, so that a fast contender has many samples beside a slow one. */
const TURN = 250;
const PATIENCE: Required<Watch>['patience'] = {
  beside: { budget: 10_000, least: 3, most: 25, turn: TURN, rest: 300 },
  alone: { budget: 2_500, least: 3, most: 12, turn: TURN },
};
/** A peer whose first step took longer has warmed up by it. */
const WARM = 8_000;

/** The first step of a contender, and what it came to. */
interface First {
  readonly ms: number;
  readonly loss: number;
  readonly outcome: Readonly<Record<string, Float32Array>>;
}

export interface Watch extends Course {
  /** How long ours and a peer are timed, and how long ours alone. */
  readonly patience?: { readonly beside: Patience; readonly alone: Patience };
  readonly onRow?: (row: Row) => void;
}

/** Ours, or what stands for it. */
interface Own {
  readonly name: string;
  prepare(c: BenchCase, data: CaseData): Promise<OurRunner>;
}

/**
 * Runs a case: ours, and beside it one peer after the other, each checked before it is timed.
 *
 * With low memory the one peer is ours with full memory.
 *
 * @returns a row for each peer, and one of ours alone where no peer was timed, or ours failed
 */
export async function measure(
  plan: Planned,
  peers: readonly Contender[],
  watch: Watch = {},
  own: Own = ours,
): Promise<Row[]> {
  const { case: c, smaller } = plan;
  const rows: Row[] = [];
  const say = (peer: string | null, known: Partial<Row>): void => {
    rows.push(row(c, peer, { smaller, ...known }));
    watch.onRow?.(rows.at(-1)!);
  };
  const rivals = c.memory ? [atFullMemory(own)] : plan.peers ? peers : [];
  const why = plan.notRun ?? watch.late?.() ?? null;
  if (why !== null) {
    for (const peer of rivals.length > 0 ? rivals : [null]) say(peer?.name ?? null, { notRun: why });
    return rows;
  }
  const data = dataOf(c);
  let runner: OurRunner | null = null;
  try {
    watch.onTurn?.(own.name);
    runner = await own.prepare(c, data);
    const us = { name: own.name, runner, first: await first(runner) };
    const shared = await judged(c, data, us);
    if (shared.notRun) {
      say(null, shared);
      return rows;
    }
    for (const peer of rivals) {
      const late = watch.late?.() ?? null;
      if (late !== null) say(peer.name, { ...shared, lossMatch: null, notRun: late });
      else say(peer.name, { ...shared, ...(await beside(c, data, us, peer, watch)) });
    }
    if (rows.every((r) => r.ours_ms === null)) {
      const [samples] = await alternate([turnOf(us)], (watch.patience ?? PATIENCE).alone, watch);
      say(null, { ...shared, ...times(samples!) });
    }
  } catch (error) {
    if (watch.signal?.aborted) throw error;
    say(null, { lossMatch: false, notRun: `ours failed: ${(error as Error).message}` });
  } finally {
    runner?.dispose();
  }
  return rows;
}

/** What low memory is compared with. */
const atFullMemory = (own: Own): Contender => ({
  name: `${own.name}-full-memory`,
  prepare: (c, data) => own.prepare({ ...c, memory: undefined }, data),
});

interface Us {
  readonly name: string;
  readonly runner: OurRunner;
  readonly first: First;
}

const turnOf = ({ name, runner }: { name: string; runner: Runner }): Turn => ({ name, step: () => runner.step() });

async function first(runner: Runner): Promise<First> {
  const from = performance.now();
  const loss = await runner.step();
  return { ms: performance.now() - from, loss, outcome: await runner.outcome() };
}

/** Ours against the plain loops, and what a case costs apart from time. */
async function judged(c: BenchCase, data: CaseData, { runner, first: { ms, loss } }: Us): Promise<Partial<Row>> {
  const from = performance.now();
  await runner.step();
  const warm = performance.now() - from;
  const expected = lossOf(c, data);
  const lossDifference = expected === null ? null : difference([expected], [loss]);
  const lossMatch = lossDifference === null ? null : lossDifference < LOSS_TOLERANCE;
  return {
    ...runner.structure(),
    compile_ms: rounded(Math.max(0, ms - warm)),
    lossMatch,
    lossDifference,
    notRun: lossMatch === false ? `our loss is ${loss}, that of plain loops in float64 ${expected}` : null,
  };
}

/** A peer beside ours: its loss and its outcome first, then both in turns. */
async function beside(c: BenchCase, data: CaseData, us: Us, peer: Contender, watch: Watch): Promise<Partial<Row>> {
  let rival: Runner | null = null;
  try {
    watch.onTurn?.(peer.name);
    rival = await peer.prepare(c, data);
    const [own, its] = [us.first, await first(rival)];
    const lossDifference = difference([own.loss], [its.loss]);
    const outcomeDifference = Math.max(
      ...Object.entries(own.outcome).map(([name, values]) =>
        difference(values, its.outcome[name] ?? [], c.lr > 0 ? data.weights[name] : undefined),
      ),
    );
    const found = { peerFirst_ms: rounded(its.ms), lossDifference, outcomeDifference };
    if (!(lossDifference < LOSS_TOLERANCE && outcomeDifference < OUTCOME_TOLERANCE)) {
      const what = c.lr > 0 ? 'new weights' : 'gradients';
      const notRun = `its loss is ${its.loss} and ours ${own.loss}, its ${what} differ by ${outcomeDifference.toPrecision(2)} of theirs`;
      return { ...found, lossMatch: false, notRun };
    }
    if (its.ms < WARM) await rival.step();
    const turns = [turnOf(us), turnOf({ name: peer.name, runner: rival })];
    const [a, b] = await alternate(turns, (watch.patience ?? PATIENCE).beside, watch);
    return { ...found, lossMatch: true, ...times(a!, b!) };
  } catch (error) {
    if (watch.signal?.aborted) throw error;
    return { notRun: `it failed: ${(error as Error).message.slice(0, 300)}`, lossMatch: null };
  } finally {
    rival?.dispose();
  }
}
