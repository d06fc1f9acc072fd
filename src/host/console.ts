import { describeError, format, inspect } from './format.ts';
import type { ConsoleLevel } from './types.ts';

type Print = (level: ConsoleLevel, text: string) => void;

/**
 * Sends what a script prints to `print` instead, already as text: the runner then needs no second way to format objects
 * that live in another process, and lines keep their order among the host's other messages.
 *
 * @param alsoHere also print at the original place, for a browser whose developer tools someone looks at
 */
export function redirectConsole(print: Print, alsoHere: boolean): void {
  const target = console as unknown as Record<string, (...args: unknown[]) => void>;
  let indent = '';
  const say: Print = (level, text) => print(level, indent === '' ? text : text.replace(/^/gm, indent));
  const replace = (name: string, method: (...args: unknown[]) => void) => {
    const original = target[name];
    target[name] = (...args) => {
      if (alsoHere) original?.apply(console, args);
      method(...args);
    };
  };
  for (const level of ['log', 'info', 'debug', 'warn', 'error'] as const) {
    replace(level, (...args) => say(level, format(args)));
  }
  replace('dir', (value) => say('log', inspect(value)));
  replace('table', (value) => say('log', inspect(value)));
  replace('trace', (...args) => say('error', `${format(['Trace:', ...args])}\n${describeError(new Error('here'))}`));
  replace('assert', (condition, ...args) => {
    if (!condition) say('error', format(['Assertion failed:', ...args]));
  });
  replace('group', (...args) => {
    if (args.length > 0) say('log', format(args));
    indent += '  ';
  });
  replace('groupEnd', () => {
    indent = indent.slice(2);
  });
}
