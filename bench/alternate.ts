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
  /**
   * Nothing runs for so many ms before each turn (0): what the last one left to be cleared away, thousands of buffers with some,
   * is not to be paid by the next.
   */
  readonly rest?: number;
}

export interface Course {
  /** In ms. */
  readonly now?: () => number;
  /** Ends everything by throwing its reason. */
  readonly signal?: AbortSignal;
  /** Whose turn begins. */
  readonly onTurn?: (name: string) => void;
  /** Why nothing new may begin, after which one round is enough; null while it may. */
  readonly late?: () => string | null;
}

/**
 * Times in turns: the first, the second, the first again, so that whatever else the machine does meets all alike.
 *
 * @returns for each the ms of its steps, in order
 */
export async function alternate(turns: readonly Turn[], patience: Patience, course: Course = {}): Promise<number[][]> {
  const { now = () => performance.now(), signal, onTurn, late = () => null } = course;
  const samples = turns.map((): number[] => []);
  const began = now();
  for (let round = 0; round < patience.most; round++) {
    const least = late() === null ? patience.least : 1;
    if (round >= least && (now() - began >= patience.budget || late() !== null)) break;
    for (const [i, { name, step }] of turns.entries()) {
      onTurn?.(name);
      if (patience.rest) await new Promise((resolve) => setTimeout(resolve, patience.rest));
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
