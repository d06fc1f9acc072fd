/** Deeper than any file of ours, and harmless to whatever walks it. */
const DEEPEST = 200;

/**
 * Refuses a JSON text in which a key stands twice in one object, of which JSON.parse silently keeps the last one, or which
 * is nested too deep to be walked.
 *
 * @param json text that JSON.parse accepts
 * @param what how errors call it
 */
export function checkKeys(json: string, what: string): void {
  const open: Set<string>[] = [];
  let at = 0;
  while (at < json.length) {
    const char = json[at]!;
    if (char === '"') {
      const start = at++;
      while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
      at++;
      let next = at;
      while (' \t\n\r'.includes(json[next] ?? '.')) next++;
      if (json[next] === ':') {
        // Parsed, since "a" and "\u0061" are the same key.
        const key = JSON.parse(json.slice(start, at)) as string;
        const keys = open.at(-1);
        if (keys?.has(key)) throw new Error(`${what} holds the key ${JSON.stringify(key)} twice`);
        keys?.add(key);
      }
      continue;
    }
    if ('{['.includes(char) && open.push(new Set()) > DEEPEST)
      throw new Error(`${what} is nested too deep at character ${at}`);
    if ('}]'.includes(char)) open.pop();
    at++;
  }
}
