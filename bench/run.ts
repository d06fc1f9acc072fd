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
  for (const plan of order) {
    const { name } = plan.case;
    let at = '';
    const show = (): void =>
      host.progress({ done: found.size, total: order.length, label: `${name}: ${at}`, values: { seconds: seconds() } });
    const timer = setInterval(show, 1000);
    try {
      found.set(
        name,
        await measure(plan, rivals, {
          signal: host.signal,
          late,
          onRow: (row) => console.log(line(row)),
          onTurn: (who) => {
            at = who;
            show();
          },
        }),
      );
    } catch (error) {
      if (!host.signal.aborted) throw error;
      break;
    } finally {
      clearInterval(timer);
    }
  }
  const rows = plans.flatMap((p) => found.get(p.case.name) ?? []);
  await finish(adapter, rows, seconds(), versions, args.file);
  host.signal.throwIfAborted();
}

/**
 * Saves bench.json and prints the table.
 *
 * @throws when ours failed, or its loss was wrong
 */
export async function finish(
  adapter: string,
  cases: readonly Row[],
  seconds: number,
  versions: Summary['versions'],
  file: string,
): Promise<void> {
  const date = new Date().toISOString();
  const summary: Summary = { adapter, date, runtime: host.runtime, seconds: Math.round(seconds), versions, cases };
  await host.save(file, `${JSON.stringify(summary, null, 2)}\n`);
  console.log(`\n${table(cases)}\n\n${adapter}, ${date}, ${summary.seconds} s`);
  const wrong = cases.filter((r) => r.peer === null && r.lossMatch === false);
  if (wrong.length > 0) throw new Error(`ours failed in ${wrong.map((r) => r.name).join(', ')}`);
}
