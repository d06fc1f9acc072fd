/**
 * What a message says about a name that is not known: the nearest of those that are, if one is near, and all of them.
 *
 * @returns for example `; did you mean 'triangle'? (known are triangle, fast_sigmoid)`
 */
export function suggest(name: string, known: readonly string[]): string {
  const near = known
    .map((k) => ({ k, edits: distance(name.toLowerCase(), k.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)[0];
  const list = `known are ${known.join(', ')}`;
  const close = near && near.edits <= Math.max(1, Math.floor(near.k.length / 3));
  return close ? `; did you mean '${near.k}'? (${list})` : `; ${list}`;
}

/** Edits that turn one word into another: insert, delete or exchange a letter, swap two neighbours (Damerau 1964). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const [above, row] = [rows[i - 1]!, [i]];
    for (let j = 1; j <= b.length; j++) {
      const swap =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2]![j - 2]! + 1 : Infinity;
      const exchange = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, exchange, swap));
    }
    rows.push(row);
  }
  return rows.at(-1)![b.length]!;
}
