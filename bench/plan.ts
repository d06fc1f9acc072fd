import { suggest } from '../src/neurons/nearest.ts';
import type { BenchCase } from './cases.ts';

/** What becomes of a case on an adapter. */
export interface Planned {
  /** With the sizes that are run. */
  readonly case: BenchCase;
  readonly peers: boolean;
  /** Sizes that differ from the case's: 'B 16 in place of 256'. */
  readonly smaller: string | null;
  /** Why it is not run. */
  readonly notRun: string | null;
}

/** Whether an adapter computes on the CPU. */
export const isSoftware = (adapter: string): boolean =>
  /swiftshader|llvmpipe|lavapipe|softpipe|basic render|software/i.test(adapter);

/** What is run of a case on this adapter, and by whom. */
export function planned(c: BenchCase, adapter: string): Planned {
  if (!isSoftware(adapter)) return { case: c, peers: c.peers, smaller: null, notRun: null };
  const { software } = c;
  const peers = c.peers && c.peersOnSoftware;
  if (software === 'as is') return { case: c, peers, smaller: null, notRun: null };
  if ('notRun' in software) return { case: c, peers: false, smaller: null, notRun: software.notRun };
  const sizes = Object.entries(software).map(([size, n]) => `${size} ${n} in place of ${c[size as 'B']}`);
  return { case: { ...c, ...software }, peers, smaller: sizes.join(', '), notRun: null };
}

/**
 * Cases by name.
 *
 * @param only beginnings of names, with commas between them: 'A,S' or 'growth T'; all cases by default
 * @param name a whole name, or its beginning where no other begins so
 * @throws when there is no such case, with the nearest
 */
export function chosen(cases: readonly BenchCase[], only = '', name = ''): BenchCase[] {
  const find = (option: string, begin: string): BenchCase[] => {
    const exact = cases.filter((c) => c.name === begin);
    const found = exact.length > 0 ? exact : cases.filter((c) => c.name.startsWith(begin));
    if (found.length > 0 && begin !== '') return found;
    const names = cases.map((c) => c.name);
    throw new Error(`${option}: there is no case '${begin}'${suggest(begin, names)}`);
  };
  if (only !== '' && name !== '') throw new Error('--only and --case: give one of the two');
  if (name !== '') {
    const found = find('--case', name);
    if (found.length > 1)
      throw new Error(`--case: '${name}' begins ${found.length} names: ${found.map((c) => c.name).join(', ')}`);
    return found;
  }
  if (only === '') return [...cases];
  // a whole name may have a comma in it
  const begins = cases.some((c) => c.name === only) ? [only] : only.split(',');
  const wanted = new Set(begins.flatMap((begin) => find('--only', begin.trim())));
  return cases.filter((c) => wanted.has(c));
}
