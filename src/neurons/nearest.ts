/**
 * What a message says about a name that is not known: the nearest of those that are, if one is near, and all of them.
 *
 * @returns for example `; did you mean 'triangle'? (known are triangle, fast_sigmoid)`
 */
export function suggest(name: string, known: readonly string[]): string {
  // nobody mistypes a longer one, and all the edits would take their time
  const near = (name.length < 99 ? known : [])
    .map((k) => ({ k, edits: distance(name.toLowerCase(), k.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)[0];
  const list = `known are ${known.join(', ')}`;
  const close = near && near.edits <= Math.max(1, Math.floor(near.k.length / 3));
  return close ? `; did you mean '${near.k}'? (${list})` : `; ${list}`;
}

/** @throws when options are no plain object, or one is given that is not known, with the nearest known one */
export function onlyKnown(owner: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Object.getPrototypeOf(options) !== Object.prototype) {
    // a function that makes a loss or a regulariser, given without being called, gets a tensor or a tape
    const called = typeof options === 'object' && options !== null && !Array.isArray(options);
    throw new Error(
      `${owner}: expects its options as an object, such as { ${known[0]}: ... }, got ${described(options)}${called ? `; was ${owner}() meant?` : ''}`,
    );
  }
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !known.includes(name))
      throw new Error(`${owner}: there is no option '${name}'${suggest(name, known)}`);
  }
}

/** What came in place of something else, for messages: `a function`, `an array`, `'text'`, `0.2`, `a Tensor`. */
export function described(value: unknown): string {
  if (typeof value === 'function') return value.name ? `the function ${value.name}` : 'a function';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return `a ${value.constructor?.name ?? 'object'}`;
  return typeof value === 'string' ? `'${value}'` : String(value);
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
