/** One of those that are timed. */
export interface Turn {
  readonly name: string;
  /** Does the work once, to its end. */
  step(): Promise<unknown>;
}

export interface Patience {
  /** After so many ms no further round begins ... */
  readonly budget: number;
  /** ... unless there were fewer than so many rounds. */
  readonly least: number;
  readonly most: number;
  /** Whoever is fast steps several times in a turn, for so many ms. */
  readonly turn: number;
}

export interface Course {
  /** In ms. */
  readonly now?: () => number;
  /** Ends everything by throwing its reason. */
  readonly signal?: AbortSignal;
  /** Whose turn begins. */
  readonly onTurn?: (name: string) => void;
}

/**
 * Times in turns: the first, the second, the first again, so that whatever else the machine does meets all alike.
 *
 * @returns for each the ms of its steps, in order
 */
export async function alternate(turns: readonly Turn[], patience: Patience, course: Course = {}): Promise<number[][]> {
  const { now = () => performance.now(), signal, onTurn } = course;
  const samples = turns.map((): number[] => []);
  const began = now();
  for (let round = 0; round < patience.most; round++) {
    if (round >= patience.least && now() - began >= patience.budget) break;
    for (const [i, { name, step }] of turns.entries()) {
      onTurn?.(name);
      const turn = now();
      do {
        signal?.throwIfAborted();
        const from = now();
        await step();
        samples[i]!.push(now() - from);
      } while (now() - turn < patience.turn);
    }
  }
  return samples;
}
