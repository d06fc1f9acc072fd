/** Text for values that a script prints: one form for both runtimes, so that their output can be compared. */

const MAX_ITEMS = 20;
const MAX_DEPTH = 4;

/** Formats the arguments of a console call, with the usual %s %d %i %f %o %O %j %c. */
export function format(args: readonly unknown[]): string {
  const rest = [...args];
  const parts: string[] = [];
  if (typeof rest[0] === 'string' && rest.length > 1) {
    const template = rest.shift() as string;
    parts.push(
      template.replace(/%([sdifoOjc%])/g, (whole, kind: string) => {
        if (kind === '%') return '%';
        if (rest.length === 0) return whole;
        return substitute(kind, rest.shift());
      }),
    );
  }
  for (const value of rest) parts.push(typeof value === 'string' ? value : inspect(value));
  return parts.join(' ');
}

function substitute(kind: string, value: unknown): string {
  if (kind === 'c') return '';
  if (kind === 's') return typeof value === 'string' ? value : inspect(value);
  if (kind === 'i') return String(Math.trunc(Number(value)));
  if (kind === 'd' || kind === 'f') return String(Number(value));
  return inspect(value);
}

/** An error with its stack, its causes and, of an AggregateError, its parts. Never throws, whatever was thrown. */
export function describeError(error: unknown, depth = 0): string {
  if (!isErrorLike(error)) return inspect(error);
  const head = `${error.name}: ${error.message}`;
  // An error's stack repeats its first line in V8; where it does not, or the message changed later, the head comes first.
  const stack = typeof error.stack === 'string' && error.stack !== '' ? error.stack : head;
  let result = stack.includes(error.message) ? stack : `${head}\n${stack}`;
  if (depth >= MAX_DEPTH) return result;
  if (error.cause !== undefined) result += `\ncaused by ${describeError(error.cause, depth + 1)}`;
  if (Array.isArray(error.errors)) {
    for (const part of error.errors.slice(0, MAX_ITEMS)) result += `\namong them ${describeError(part, depth + 1)}`;
  }
  return result;
}

interface ErrorLike {
  name: string;
  message: string;
  stack?: unknown;
  cause?: unknown;
  errors?: unknown;
}

/** Errors of other realms and GPUError are no instances of this realm's Error. */
function isErrorLike(value: unknown): value is ErrorLike {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Error) return true;
  return typeof Reflect.get(value, 'message') === 'string' && /Error|Exception/.test(className(value));
}

/** One value as text, nested to a small depth, long lists cut. */
export function inspect(value: unknown, seen: readonly object[] = []): string {
  if (typeof value === 'string') return seen.length === 0 ? value : `'${value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'symbol') return value.toString();
  if (typeof value === 'function') return `[${className(value)}${value.name ? ` ${value.name}` : ''}]`;
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
  if (seen.includes(value)) return '[circular]';
  if (isErrorLike(value)) return describeError(value);
  const path = [...seen, value];
  const name = className(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (value instanceof Promise) return 'Promise';
  if (value instanceof ArrayBuffer) return `ArrayBuffer(${value.byteLength})`;
  const deep = seen.length >= MAX_DEPTH;
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
    const list = value as ArrayLike<unknown>;
    const prefix = Array.isArray(value) ? '' : `${name}(${list.length}) `;
    if (deep) return `${prefix}[...]`;
    const items = Array.from({ length: Math.min(list.length, MAX_ITEMS) }, (_, i) => inspect(list[i], path));
    return `${prefix}${bracket('[', items, list.length, ']')}`;
  }
  if (value instanceof Map || value instanceof Set) {
    if (deep) return `${name}(${value.size}) {...}`;
    const entries =
      value instanceof Map ? [...value].map(([k, v]) => `${inspect(k, path)} => ${inspect(v, path)}`) : null;
    const items = entries ?? [...value].map((item) => inspect(item, path));
    return `${name}(${value.size}) ${bracket('{', items, value.size, '}')}`;
  }
  const prefix = name === 'Object' || name === '' ? '' : `${name} `;
  const keys = Object.keys(value);
  if (deep && keys.length > 0) return `${prefix}{...}`;
  const items = keys.slice(0, MAX_ITEMS).map((key) => `${key}: ${property(value, key, path)}`);
  return `${prefix}${bracket('{', items, keys.length, '}')}`;
}

function property(value: object, key: string, path: readonly object[]): string {
  try {
    return inspect(Reflect.get(value, key), path);
  } catch {
    return '[throws]';
  }
}

function bracket(open: string, items: string[], total: number, close: string): string {
  if (total === 0) return `${open}${close}`;
  const shown = items.slice(0, MAX_ITEMS);
  if (total > shown.length) shown.push(`... ${total - shown.length} more`);
  const pad = open === '{' ? ' ' : '';
  return `${open}${pad}${shown.join(', ')}${pad}${close}`;
}

function className(value: object): string {
  try {
    const made = Reflect.get(value, 'constructor');
    return typeof made === 'function' ? made.name : '';
  } catch {
    return '';
  }
}
