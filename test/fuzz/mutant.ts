import { anyBytes } from './mutators/bytes.ts';
import { Random } from './random.ts';
import type { Target } from './target.ts';

/** No mutant is longer: what a reader does with a long file is in proportion to it. */
const LONGEST = 2 ** 18;

export interface Mutant {
  readonly bytes: Uint8Array;
  /** Which change made it. */
  readonly how: string;
}

/** The mutant of this number, the same whenever seeds, seed and index are. */
export async function mutantOf(
  target: Target,
  seeds: readonly Uint8Array[],
  seed: number,
  index: number,
): Promise<Mutant> {
  const random = new Random(`${seed}/${target.name}/${index}`);
  const [bytes, other] = [random.pick(seeds), random.pick(seeds)];
  const sum = target.makes.reduce((total, { share }) => total + share, 0);
  let left = random.next() * sum;
  const chosen = target.makes.find(({ share }) => {
    left -= share;
    return left < 0;
  });
  const made = chosen && (await chosen.make(bytes, other, random));
  if (made) return { bytes: made.subarray(0, LONGEST), how: chosen.how };
  return { bytes: anyBytes(bytes, other, random).subarray(0, LONGEST), how: 'bytes' };
}
