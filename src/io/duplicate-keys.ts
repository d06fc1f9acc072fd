/**
 * The first key that stands twice in one object of a JSON text, or undefined. JSON.parse silently keeps the last one.
 *
 * @param json text that JSON.parse accepts
 */
export function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  let at = 0;
  while (at < json.length) {
    const char = json[at];
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
        if (keys?.has(key)) return key;
        keys?.add(key);
      }
      continue;
    }
    if (char === '{') open.push(new Set());
    else if (char === '}') open.pop();
    at++;
  }
  return undefined;
}
