import type { Target } from './target.ts';

/** What became of a mutant. */
export interface Outcome {
  readonly kind: 'read' | 'refused' | 'failed';
  /** The refusal's class, or what failed. */
  readonly what: string;
  readonly milliseconds: number;
}

/** What runtimes and foreign libraries say of themselves: no message of ours holds it, whatever it is wrapped in. */
const RUNTIME = [
  /invalid (typed )?array (buffer )?length|array buffer allocation|out of memory/i,
  /cannot (read|set|convert|destructure|mix|assign|access|create)\b|call stack|is not a function|is not iterable/i,
  /is not a constructor|is not defined|before initialization|invalid (count|string length|time) value|invalid string length/i,
  /(offset|index) is out of bounds|outside the bounds|start offset|byte length of|invalid code point|precision \d+ out/i,
  /memory access|unreachable|null function|table index|BigInt (mix|too big)|Maximum BigInt|undefined is|null is/i,
  /reduce of empty|private (member|field)|circular structure|toLowerCase|\[native code\]|object could not be cloned/i,
];

/** Reads a mutant and judges what happens. Memory is the campaign's to watch. */
export async function judge(target: Target, bytes: Uint8Array, how: string, patience: number): Promise<Outcome> {
  // what the reader shares with the file must not change it
  const given = bytes.slice();
  const began = performance.now();
  let ended = 0;
  const outcome = (kind: Outcome['kind'], what: string): Outcome => {
    const milliseconds = (ended || performance.now()) - began;
    const limit = target.milliseconds * patience;
    // a reader's own limit of time counts as a refusal, however long a busy machine takes to end its worker
    if (kind !== 'failed' && milliseconds > limit && !/given up after/.test(what))
      return { kind: 'failed', what: `took ${milliseconds.toFixed(0)} ms, ${limit} allowed (${what})`, milliseconds };
    return { kind, what, milliseconds };
  };
  let value: unknown;
  try {
    const read = target.read(given);
    value = read instanceof Promise ? await read : read;
    ended = performance.now();
  } catch (error) {
    ended = performance.now();
    return outcome(...verdictOn(target, error));
  }
  try {
    const wrong = target.wrong?.(value, bytes, how) ?? null;
    return wrong === null ? outcome('read', how) : outcome('failed', `was read, but ${wrong}`);
  } catch (error) {
    return outcome('failed', `was read, but what came of it cannot be used: ${textOf(error)}`);
  }
}

function verdictOn(target: Target, error: unknown): ['refused' | 'failed', string] {
  if (!(error instanceof Error)) return ['failed', `threw what is no Error: ${String(error)}`];
  const { message } = error;
  if (error.name !== 'Error') return ['failed', `threw a ${textOf(error)}`];
  // a trap inside a foreign library is contained by its worker, and told as what it is
  const ours = unquoted(message).replace(/the library failed on it: .*/, '');
  const said = RUNTIME.find((pattern) => pattern.test(ours));
  if (said) return ['failed', `says what the runtime says: ${textOf(error)}`];
  if (!target.says.test(message)) return ['failed', `does not say where: ${textOf(error)}`];
  if (message.length > 25_000) return ['failed', `says it in ${message.length} characters: ${message.slice(0, 200)}`];
  return ['refused', classOf(message)];
}

/** Without what came from the file. */
const unquoted = (message: string): string => message.replace(/'[^']*'|"(\\.|[^"\\])*"/g, '"…"');

/** What messages that differ in names and numbers alone have in common. */
const classOf = (message: string): string =>
  unquoted(message.replace(/(no (valid )?JSON).*/s, '$1'))
    .replace(/\b(?=[a-f]*\d)[\da-f]{8}\b/g, '#')
    .replace(/\p{C}+/gu, ' ')
    .replace(/\[[^[\]]*\]/g, '[…]')
    .replace(/[-+]?\d[\d.e+]*/g, '#')
    .replace(/\s+/g, ' ')
    .slice(0, 100);

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const at = error.stack?.split('\n').find((line) => /^\s+at /.test(line)) ?? '';
  return `${error.name}: ${error.message.slice(0, 400)}${at ? ` (${at.trim()})` : ''}`;
}
