import { type OptionSpec, options, type ParsedOptions, UsageError } from 'spiketape/host';
import { suggest } from '../src/neurons/nearest.ts';
import { type BenchCase, cases } from './cases.ts';
import { chosen } from './plan.ts';

const SPEC = { only: '', case: '', peers: 'all', file: 'bench.json', minutes: 0 };

export interface Arguments {
  readonly cases: readonly BenchCase[];
  /** Their names on the command line. */
  readonly peers: readonly string[];
  /** Of the results, below the output folder. */
  readonly file: string;
  /** After so many nothing new begins; null for as many as the adapter needs. */
  readonly minutes: number | null;
}

/**
 * What a run measures.
 *
 * @param peers that there are
 * @param own arguments of this run alone
 * @throws UsageError on an argument, a case or a peer that is not known, with the nearest that is
 */
export function readArguments<const S extends OptionSpec>(
  given: readonly string[],
  peers: readonly string[],
  own: S,
): Arguments & { own: ParsedOptions<S> } {
  const known = Object.keys({ ...SPEC, ...own }).map((name) => `--${name}`);
  for (const arg of given) {
    const name = arg.split('=')[0]!;
    if (name.startsWith('--') && !known.includes(name))
      throw new UsageError(`unknown argument ${name}${suggest(name, known)}`);
  }
  const args = options({ ...SPEC, ...own }, given) as typeof SPEC & ParsedOptions<S>;
  if (!(args.minutes >= 0)) throw new UsageError(`--minutes: expected a number above 0, got ${args.minutes}`);
  return {
    cases: casesOf(args),
    peers: peersOf(args.peers, peers),
    file: args.file,
    minutes: args.minutes || null,
    own: args,
  };
}

function casesOf(args: typeof SPEC): readonly BenchCase[] {
  try {
    return chosen(cases, args.only, args.case);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function peersOf(wanted: string, peers: readonly string[]): readonly string[] {
  if (wanted === 'all') return peers;
  if (wanted === 'none') return [];
  const names = wanted.split(',').map((name) => name.trim());
  for (const name of names) {
    if (!peers.includes(name))
      throw new UsageError(`--peers: there is no '${name}'${suggest(name, ['all', 'none', ...peers])}`);
  }
  return peers.filter((name) => names.includes(name));
}
