/** @throws when options are no object, or one is given that is not known, with the nearest known one */
export function onlyKnown(owner: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new Error(`${owner}: expects its options as an object, such as { ${known[0]}: ... }, got ${options}`);
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !known.includes(name))
      throw new Error(`${owner}: there is no option '${name}'${suggest(name, known)}`);
  }
}

/** Of known names the one that begins or ends as this one does, and all of them. */
export function suggest(name: string, known: readonly string[]): string {
  const near = known
    .map((k) => ({ k, common: alike(name.toLowerCase(), k.toLowerCase()) }))
    .sort((a, b) => b.common - a.common)[0];
  const list = `known are ${known.join(', ')}`;
  return near && near.common * 2 >= Math.max(name.length, near.k.length)
    ? `; did you mean '${near.k}'? (${list})`
    : `; ${list}`;
}

/** Letters that two words have in common at their beginnings and ends. */
function alike(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let [head, tail] = [0, 0];
  while (head < most && a[head] === b[head]) head++;
  while (tail < most - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  return head + tail;
}
