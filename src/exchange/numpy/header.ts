/** What a .npy file says before its data. */
export interface NpyHeader {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** More axes than this NumPy has none. */
const MOST_AXES = 64;

/**
 * Reads the literal of a .npy header, a Python dict with `descr`, `fortran_order` and `shape`. A reader of literals of this form
 * alone: nothing is evaluated.
 *
 * @param where the file, for messages
 * @throws naming what was expected and the place in the header
 */
export function parseHeader(text: string, where: string): NpyHeader {
  let at = 0;
  const fail = (expected: string): never => {
    const got = at < text.length ? JSON.stringify(text.slice(at, at + 20)) : 'its end';
    throw new Error(`${where}: the header at character ${at}: expected ${expected}, got ${got}`);
  };
  const skip = (): void => {
    while (text[at] === ' ' || text[at] === '\n') at++;
  };
  const take = (token: string): boolean => {
    skip();
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  };
  const expect = (token: string): void => {
    if (!take(token)) fail(`'${token}'`);
  };
  const string = (): string => {
    skip();
    const quote = text[at];
    if (quote !== "'" && quote !== '"') fail('a string');
    const end = text.indexOf(quote!, at + 1);
    const found = text.slice(at + 1, end);
    if (end < 0 || found.includes('\\')) fail('a string that ends, without escapes');
    at = end + 1;
    return found;
  };
  const size = (): number => {
    skip();
    const digits = /^[0-9]{1,16}/.exec(text.slice(at, at + 20))?.[0] ?? fail('a whole number');
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) fail('a size below 2^53');
    at += digits.length;
    // as Python 2 wrote it
    if (text[at] === 'L') at++;
    return value;
  };
  const tuple = (): number[] => {
    const sizes: number[] = [];
    expect('(');
    while (!take(')')) {
      if (sizes.length === MOST_AXES) fail(`at most ${MOST_AXES} axes`);
      sizes.push(size());
      if (take(',')) continue;
      expect(')');
      // (3) is a number in brackets, not a tuple
      if (sizes.length === 1) fail('a tuple');
      break;
    }
    return sizes;
  };
  const bool = (): boolean => take('True') || (take('False') ? false : fail('True or False'));

  const found = new Map<string, string | boolean | number[]>();
  expect('{');
  while (!take('}')) {
    const key = string();
    if (found.has(key)) fail(`each key once, not '${key.slice(0, 40)}' again`);
    expect(':');
    if (key === 'descr') {
      skip();
      if (text[at] === '[')
        throw new Error(`${where}: is a structured array, expected plain numbers: save each of its fields by itself`);
      found.set(key, string());
    } else if (key === 'fortran_order') found.set(key, bool());
    else if (key === 'shape') found.set(key, tuple());
    else fail(`descr, fortran_order or shape, not the key '${key.slice(0, 40)}'`);
    if (!take(',')) {
      expect('}');
      break;
    }
  }
  skip();
  if (at !== text.length) fail('nothing behind the dict');
  for (const key of ['descr', 'fortran_order', 'shape'])
    if (!found.has(key)) throw new Error(`${where}: the header has no ${key}`);
  return {
    descr: found.get('descr') as string,
    fortran: found.get('fortran_order') as boolean,
    shape: found.get('shape') as number[],
  };
}

/** The literal as NumPy writes it. */
export function headerText({ descr, shape }: Pick<NpyHeader, 'descr' | 'shape'>): string {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  return `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
}
