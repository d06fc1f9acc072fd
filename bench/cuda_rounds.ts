import { quartiles } from './statistics.ts';

export interface Rounds {
  /** Of rounds, in seconds. */
  readonly seconds: number;
  /** Ended before that when both have `most`, not before both have `least`. */
  readonly least: number;
  readonly most: number;
  /** A turn of one contender takes about so many ms: what disturbs the card disturbs both. */
  readonly turn: number;
  /** In ms. */
  readonly now?: () => number;
}

/** A contender's ms for so many steps. */
export type Timed = (steps: number) => Promise<readonly number[]>;

/** Two contenders by turns, each timing its own steps. @returns the ms of the steps of each */
export async function inRounds(first: Timed, second: Timed, rounds: Rounds): Promise<[number[], number[]]> {
  const { seconds, least, most, turn, now = () => performance.now() } = rounds;
  const samples: [number[], number[]] = [[], []];
  const fewest = (): number => Math.min(samples[0].length, samples[1].length);
  const began = now();
  while (fewest() < most && (fewest() < least || now() - began < 1000 * seconds)) {
    for (const [i, timed] of [first, second].entries()) {
      const mine = samples[i]!;
      const steps = mine.length === 0 ? 1 : Math.round(turn / quartiles(mine)[1]);
      mine.push(...(await timed(Math.max(1, Math.min(most / 5, steps)))));
    }
  }
  return samples;
}
