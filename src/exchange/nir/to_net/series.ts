/** Layers in a row; a row may stand beside others, whose sum goes on. */
export type Series<T> = readonly (T | Branches<T>)[];

export interface Branches<T> {
  readonly branches: readonly Series<T>[];
  /** What came in is added as well. */
  readonly past: boolean;
}

export const isBranches = <T>(part: T | Branches<T>): part is Branches<T> =>
  typeof part === 'object' && part !== null && 'branches' in part;

/** Whether branches have no part in common, which would then be there twice. */
function apart<T>(branches: readonly Series<T>[]): boolean {
  const seen = new Set<T>();
  const fresh = (row: Series<T>): boolean =>
    row.every((p) => {
      if (isBranches(p)) return p.branches.every(fresh);
      const known = seen.has(p);
      seen.add(p);
      return !known;
    });
  return branches.every(fresh);
}

/** Steps of the search, at most. */
const BUDGET = 200_000;
/** Branches within branches. */
const DEEPEST = 64;

/**
 * A graph without cycles as layers in a row and beside each other. What goes into a node is the sum of the nodes before
 * it.
 *
 * @param before the names that each node reads
 * @param from what there is at the beginning
 * @param to what is wanted
 * @param part of a name
 * @returns null where the graph is not of that form
 */
export function seriesOf<T>(
  before: ReadonlyMap<string, readonly string[]>,
  from: string,
  to: string,
  part: (name: string) => T,
): Series<T> | null {
  let budget = BUDGET;
  const key = (names: readonly string[]): string => [...names].sort().join('\n');
  /** How far a node is from the beginning. */
  const depth = new Map<string, number>([[from, 0]]);
  const depthOf = (goal: string): number => {
    const path = [goal];
    while (path.length) {
      const name = path.at(-1)!;
      const missing = before.get(name)!.find((b) => !depth.has(b));
      if (missing === undefined) {
        if (!depth.has(name))
          depth.set(name, 1 + before.get(name)!.reduce((most, b) => Math.max(most, depth.get(b)!), 0));
        path.pop();
      } else path.push(missing);
    }
    return depth.get(goal)!;
  };
  for (const name of before.keys()) depthOf(name);
  // sums that nodes read, from which branches may part, the deepest ones first
  const deepest = (names: readonly string[]): number => names.reduce((most, n) => Math.max(most, depth.get(n)!), 0);
  const sums = [...new Map([...before.values(), [from]].filter((b) => b.length).map((b) => [key(b), b])).values()].sort(
    (a, b) => deepest(b) - deepest(a),
  );

  let within = 0;
  const search = (start: readonly string[], goal: readonly string[]): (T | Branches<T>)[] | null => {
    if (within >= DEEPEST) return null;
    within++;
    const found = row(start, goal);
    within--;
    return found;
  };
  const row = (start: readonly string[], goal: readonly string[]): (T | Branches<T>)[] | null => {
    const tail: (T | Branches<T>)[] = [];
    let wanted = goal;
    while (key(wanted) !== key(start)) {
      budget -= wanted.length;
      if (budget < 0) return null;
      if (wanted.length === 1) {
        if (wanted[0] === from || deepest(wanted) <= deepest(start)) return null;
        tail.unshift(part(wanted[0]!));
        wanted = before.get(wanted[0]!)!;
        continue;
      }
      const found = parted(start, wanted);
      if (!found) return null;
      tail.unshift(found.branches);
      wanted = found.from;
    }
    return tail;
  };
  /** A sum as branches that part from another sum. */
  const parted = (
    start: readonly string[],
    wanted: readonly string[],
  ): { from: readonly string[]; branches: Branches<T> } | null => {
    for (const sum of sums) {
      if (deepest(sum) < deepest(start)) break;
      budget -= sum.length;
      if (budget < 0) return null;
      if (key(sum) === key(wanted)) continue;
      const past = sum.every((name) => wanted.includes(name));
      const rest = past ? wanted.filter((name) => !sum.includes(name)) : wanted;
      if (deepest(rest) <= deepest(sum)) continue;
      // a sum that goes past what it is added to may itself be made of such sums
      const whole = past && rest.length > 1 ? search(sum, rest) : null;
      if (whole) return { from: sum, branches: { branches: [whole], past } };
      const branches = rest.map((name) => search(sum, [name]));
      if (branches.every((b) => b !== null) && apart(branches as Series<T>[]))
        return { from: sum, branches: { branches: branches as Series<T>[], past } };
    }
    return null;
  };
  return search([from], [to]);
}
