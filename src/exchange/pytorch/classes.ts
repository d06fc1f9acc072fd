import { className } from './variables.ts';

/** Names that the module itself uses. */
const TAKEN = ['Net', 'Path', 'load', 'check', 'main', 'connections', 'within', 'TIED', 'HERE'];

/** What keeps a weight from being read as it is stored. */
export type ConnectionPart = 'mask' | 'signs' | 'diagonal';

/** The classes of a Python module: each text once, under a name of its own. */
export class Classes {
  readonly #named = new Map<string, string>();
  readonly #names = new Set(TAKEN);
  /** What the function `connections`, which the classes call, is to do. */
  readonly connections = new Set<ConnectionPart>();
  /** Whether they call `within`. */
  within = false;

  /**
   * @param wanted name, from which characters that Python does not have in names are left out
   * @param text of the class under a name
   * @returns the name under which it stands
   */
  add(wanted: string, text: (name: string) => string): string {
    // two classes are one if they differ in nothing but the name
    const key = text('');
    const known = this.#named.get(key);
    if (known !== undefined) return known;
    const base = className(wanted);
    let name = base;
    for (let i = 2; this.#names.has(name); i++) name = `${base}${i}`;
    this.#names.add(name);
    this.#named.set(key, name);
    this.texts.push(text(name));
    return name;
  }

  readonly texts: string[] = [];
}

/** Lines further in. */
export const indent = (lines: readonly string[], by = 4): string[] =>
  lines.map((line) => (line === '' ? '' : ' '.repeat(by) + line));
