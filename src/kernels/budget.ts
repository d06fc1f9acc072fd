/** What a dispatch and a submit may cost, in estimated operations. */
export interface Budget {
  readonly dispatch: number;
  /** Of a submit; of a dispatch, too, if it is a dense product: that reads a weight once for several rows. */
  readonly submit: number;
  /** Reads that one thread may make one after the other. */
  readonly reads: number;
}

/**
 * The one rule for how much is done at a time: a watchdog ends what keeps an adapter from everything else for seconds, and a
 * screen stutters long before.
 *
 * On a GPU no dispatch should take more than 100 ms. The slowest, part of a processor, does about 1e11 estimated operations a
 * second when it gathers (most of what an estimate counts is skipped, because few neurons spike), an H100 perhaps 5e12: 1e10. A
 * small batch leaves most of a GPU idle, and then a thread that waits 0.4 us for each read sets the pace: 2.5e5 reads. What is cut at
 * these sizes costs two dispatches of some 10 us more, a thousandth.
 *
 * An adapter played by a CPU does about 1e9 operations a second and has no idle threads; a dispatch may take a second there.
 *
 * @param limits `budget` in place of a dispatch's operations, for tests
 */
export function budgetOf(limits: { readonly software?: boolean; readonly budget?: number }): Budget {
  const dispatch = limits.budget ?? (limits.software ? 1e9 : 1e10);
  return { dispatch, submit: 4 * dispatch, reads: limits.software ? Number.POSITIVE_INFINITY : 2.5e5 };
}

/** Part of the neurons that spike in a step, for estimates. */
export const SPIKING = 0.1;

/** How many of what fits to take at a time: whole `of` where that is possible, and at least one. */
export const whole = (fitting: number, of: number): number =>
  Math.max(1, fitting < of ? Math.floor(fitting) : of * Math.floor(fitting / of));

/**
 * The parts in which `count` rows of `work` operations each are done: all at once as a rule, several where that would pass
 * `most` operations or `limit` rows; then each of a multiple of `multiple` rows, where that is possible.
 */
export function partsOf(
  count: number,
  work: number,
  most: number,
  { multiple = 1, limit = Number.POSITIVE_INFINITY }: { multiple?: number; limit?: number } = {},
): { first: number; last: number; work: number }[] {
  const fitting = Math.min(limit, most / work);
  const each = fitting >= count ? count : whole(fitting, multiple);
  return Array.from({ length: Math.ceil(count / each) }, (_, i) => {
    const [first, last] = [i * each, Math.min(count, (i + 1) * each)];
    return { first, last, work: (last - first) * work };
  });
}
