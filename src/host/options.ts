import { host } from './current.ts';

/**
 * What a script accepts: a name and its default. A list of strings means one of these, the first being the default.
 */
export type OptionSpec = Record<string, number | string | boolean | readonly [string, ...string[]]>;

export type ParsedOptions<S extends OptionSpec> = {
  [K in keyof S]: S[K] extends readonly (infer Choice)[]
    ? Choice
    : S[K] extends number
      ? number
      : S[K] extends boolean
        ? boolean
        : string;
};

/** Wrong arguments: the runner shows the message without a stack and ends with exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/**
 * Parses a script's own arguments: `options({ epochs: 20, order: ['rows', 'pixels'], ablate: false })` accepts
 * `--epochs 5`, `--epochs=5`, `--order pixels`, `--ablate` and `--no-ablate`. A name in camelCase is written
 * `--in-kebab-case`.
 *
 * @param spec names, with defaults that give the types
 * @param args the arguments; default `host.args`
 * @throws UsageError for an unknown name, a missing value or a value of another type
 */
export function options<const S extends OptionSpec>(spec: S, args: readonly string[] = host.args): ParsedOptions<S> {
  const result: Record<string, unknown> = {};
  const keyOf = new Map<string, string>();
  for (const [key, value] of Object.entries(spec)) {
    result[key] = Array.isArray(value) ? value[0] : value;
    keyOf.set(flag(key), key);
    keyOf.set(`--${key}`, key);
  }
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    const equals = arg.startsWith('--') ? arg.indexOf('=') : -1;
    const name = equals < 0 ? arg : arg.slice(0, equals);
    const inline = equals < 0 ? undefined : arg.slice(equals + 1);
    const negatedKey = name.startsWith('--no-') ? keyOf.get(`--${name.slice(5)}`) : undefined;
    const key = keyOf.get(name);
    if (
      key === undefined &&
      negatedKey !== undefined &&
      typeof spec[negatedKey] === 'boolean' &&
      inline === undefined
    ) {
      result[negatedKey] = false;
      continue;
    }
    if (key === undefined) throw new UsageError(`unknown argument ${arg}; known are ${known(spec)}`);
    const fallback = spec[key] as OptionSpec[string];
    if (typeof fallback === 'boolean') {
      result[key] = inline === undefined ? true : parseBoolean(name, inline);
      continue;
    }
    const text = inline ?? args[++i];
    if (text === undefined || (inline === undefined && text.startsWith('--'))) {
      throw new UsageError(`${name}: needs ${expected(fallback)}, and none came`);
    }
    result[key] = parseValue(name, text, fallback);
  }
  return result as ParsedOptions<S>;
}

function parseValue(name: string, text: string, fallback: OptionSpec[string]): unknown {
  if (typeof fallback === 'number') {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value)) throw new UsageError(`${name}: expected a number, got '${text}'`);
    return value;
  }
  if (Array.isArray(fallback) && !fallback.includes(text)) {
    throw new UsageError(`${name}: expected ${expected(fallback)}, got '${text}'`);
  }
  return text;
}

function parseBoolean(name: string, text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw new UsageError(`${name}: expected true or false, got '${text}'`);
}

function expected(fallback: OptionSpec[string]): string {
  if (Array.isArray(fallback)) return `one of ${fallback.join(', ')}`;
  return typeof fallback === 'number' ? 'a number' : 'a text';
}

const flag = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function known(spec: OptionSpec): string {
  const names = Object.entries(spec).map(([key, value]) => {
    if (typeof value === 'boolean') return flag(key);
    return `${flag(key)} ${Array.isArray(value) ? value.join('|') : `<${typeof value}, default ${value}>`}`;
  });
  return names.length > 0 ? names.join(', ') : 'none';
}
