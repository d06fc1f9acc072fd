import { init } from 'spiketape';
import { host } from 'spiketape/host';
import { readArguments } from './arguments.ts';
import type { Contender } from './contender.ts';
import { measure } from './measure.ts';
import { isSoftware, type Planned, planned } from './plan.ts';
import type { Row, Summary } from './row.ts';
import { line, table } from './table.ts';

/** On a software adapter nothing new begins after so many minutes. */
const SOFTWARE_MINUTES = 8;

/**
 * Measures ours beside these peers as the script's arguments ask, prints the table and saves bench.json.
 *
 * @param peers by the names that `--peers` knows
 * @param versions of what is compared, for bench.json
 */
export async function bench(
  peers: Readonly<Record<string, Contender>>,
  versions: Readonly<Record<string, string>>,
): Promise<void> {
  const args = readArguments(host.args, Object.keys(peers), {});
  const engine = await init();
  const adapter = engine.device.name;
  engine.dispose();
  const rivals = args.peers.map((name) => peers[name]!);
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const minutes = args.minutes ?? (isSoftware(adapter) ? SOFTWARE_MINUTES : Number.POSITIVE_INFINITY);
  const late = (): string | null => (seconds() > 60 * minutes ? `the ${minutes} minutes of the run were over` : null);

  const plans = args.cases.map((c) => planned(c, adapter));
  // a run that ends early should have the recurrent nets beside peers, and then ours in all cases
  const rank = (p: Planned): number => (p.peers ? (p.case.recurrent ? 0 : 2) : 1);
  const order = [...plans].sort((a, b) => rank(a) - rank(b));
  console.log(`${plans.length} cases on ${adapter}, beside ${rivals.map((p) => p.name).join(' and ') || 'nobody'}`);
  const found = new Map<string, Row[]>();
  const results = (): Results => ({
    adapter,
    seconds: seconds(),
    versions,
    cases: plans.flatMap((p) => found.get(p.case.name) ?? []),
  });
  for (const [done, plan] of order.entries()) {
    const { name } = plan.case;
    const rows: Row[] = [];
    found.set(name, rows);
    let at = '';
    const show = (): void =>
      host.progress({ done, total: order.length, label: `${name}: ${at}`, values: { seconds: seconds() } });
    const timer = setInterval(show, 1000);
    try {
      await measure(plan, rivals, {
        signal: host.signal,
        late,
        onRow: (row) => {
          rows.push(row);
          console.log(line(row));
        },
        onTurn: (who) => {
          at = who;
          show();
        },
      });
      await save(args.file, results());
    } catch (error) {
      if (!host.signal.aborted) throw error;
      break;
    } finally {
      clearInterval(timer);
    }
  }
  await finish(args.file, results());
  host.signal.throwIfAborted();
}

export type Results = Pick<Summary, 'adapter' | 'seconds' | 'versions' | 'cases'>;

/** Writes bench.json with what is known so far: a run of minutes or hours may be ended at any time. */
export async function save(file: string, results: Results): Promise<Summary> {
  const { adapter, versions, cases } = results;
  const date = new Date().toISOString();
  const seconds = Math.round(results.seconds);
  const summary: Summary = { adapter, date, runtime: host.runtime, seconds, versions, cases };
  await host.save(file, `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

/**
 * Saves bench.json and prints the table.
 *
 * @throws when ours failed, or its loss was wrong
 */
export async function finish(file: string, results: Results): Promise<void> {
  const { adapter, date, seconds, cases } = await save(file, results);
  console.log(`\n${table(cases)}\n\n${adapter}, ${date}, ${seconds} s`);
  const wrong = cases.filter((r) => r.peer === null && r.lossMatch === false);
  if (wrong.length > 0) throw new Error(`ours failed in ${wrong.map((r) => r.name).join(', ')}`);
}
