/**
 * What a message says about a name that is not known: the nearest of those that are, if one is near, and all of them.
 *
 * @returns for example `; did you mean 'triangle'? (known are triangle, fast_sigmoid)`
 */
export function suggest(name: string, known: readonly string[]): string {
  const near = known.map((k) => ({ k, d: distance(name.toLowerCase(), k.toLowerCase()) })).sort((a, b) => a.d - b.d)[0];
  const list = `known are ${known.join(', ')}`;
  return near && near.d <= Math.max(1, Math.floor(near.k.length / 2)) ? `; did you mean '${near.k}'? (${list})` : `; ${list}`;
}

/** Edits (insert, delete, exchange a letter) that turn one word into another (Levenshtein 1965). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
