/**
 * The proof of every gradient: neurons, surrogates, resets, their gradients, recurrence, losses and regularisers in
 * combination. `npm run gradcheck` runs this; docs/gradcheck.md says what it does.
 */
import { init } from 'spiketape';
import { host, options, UsageError } from 'spiketape/host';
import { Random } from '../src/check/random.ts';
import { check, type Finding } from './check.ts';
import { type Combination, nameOf, pairwise, product } from './combinations.ts';
import { shuffled } from './covering.ts';
import { duration, summarize, table } from './summary.ts';

const args = options({ all: false, sample: 0, seed: 1, only: '' });
if (!(Number.isInteger(args.sample) && args.sample >= 0))
  throw new UsageError(`--sample: expected a whole number of combinations (0: all of them), got ${args.sample}`);

/** Devices forget compiled pipelines only as a whole. */
const FRESH_DEVICE = 400;

const began = performance.now();
const seconds = (): number => (performance.now() - began) / 1000;
let engine = await init();
const adapter = engine.device.name;

const chosen = select();
if (chosen.length === 0) throw new UsageError(`--only: no combination's name holds '${args.only}'`);
console.log(`${chosen.length} combinations on ${adapter}, seed ${args.seed}`);
const findings: Finding[] = [];
for (const c of chosen) {
  if (host.signal.aborted) break;
  if (findings.length % FRESH_DEVICE === FRESH_DEVICE - 1) {
    engine.dispose();
    engine = await init();
  }
  findings.push(await checked(c));
  const failed = findings.filter((f) => f.problems.length > 0).length;
  host.progress({ done: findings.length, total: chosen.length, label: 'gradcheck', values: { failed } });
}
engine.dispose();

const summary = summarize(findings, {
  adapter,
  date: new Date().toISOString(),
  seconds: Math.round(seconds()),
  seed: args.seed,
});
await host.save('gradcheck.json', `${JSON.stringify(summary, null, 2)}\n`);
console.log(table(findings));
const { flips, failed, combinations } = summary;
console.log(
  `${combinations} combinations in ${duration(summary.seconds)}, ${failed} failed; ${flips.count} of ${flips.compared} spikes differ (largest |x| ${flips.largest.toExponential(1)})`,
);
if (host.signal.aborted) throw host.signal.reason;
if (failed > 0) throw new Error(`${failed} of ${combinations} combinations failed; gradcheck.json names them`);

/** A combination that cannot be run at all has failed, and the others go on. */
async function checked(c: Combination): Promise<Finding> {
  let finding: Finding;
  try {
    finding = await check(c, engine);
  } catch (error) {
    finding = {
      name: nameOf(c),
      neuron: c.neuron!,
      errors: { dual: null, central: null, gpu: null },
      flips: { count: 0, largest: 0, compared: 0 },
      rate: 0,
      problems: [(error as Error).message],
    };
  }
  for (const problem of finding.problems) console.log(`FAILED ${finding.name}: ${problem}`);
  return finding;
}

function select(): Combination[] {
  const named = (args.all ? [...product(args.seed)] : pairwise(args.seed)).filter((c) => nameOf(c).includes(args.only));
  return args.sample > 0 ? shuffled(named, new Random(`sample/${args.seed}`)).slice(0, args.sample) : named;
}
