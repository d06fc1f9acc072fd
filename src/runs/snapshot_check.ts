import type { Snapshot } from '../train/snapshot.ts';

/** A snapshot as its file's JSON has it: without what is stored as tensors. */
export type StoredSnapshot = Omit<Snapshot, 'parameters' | 'optimizer' | 'best'> & {
  readonly optimizer: Omit<Snapshot['optimizer'], 'moments'>;
  readonly best: Omit<NonNullable<Snapshot['best']>, 'parameters'> | null;
};

type Check = (value: unknown) => boolean;

const isNumber: Check = (x) => typeof x === 'number';
const isText: Check = (x) => typeof x === 'string';
const isObject = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null && !Array.isArray(x);
const whole =
  (least: number): Check =>
  (x) =>
    Number.isSafeInteger(x) && (x as number) >= least;
const all =
  (check: Check): Check =>
  (x) =>
    isObject(x) && Object.values(x).every(check);

/** What each field must be, by its path. */
const FIELDS: Readonly<Record<string, readonly [what: string, check: Check]>> = {
  settings: ['texts by name', all(isText)],
  adapter: ['a text', isText],
  epoch: ['a whole number from 1', whole(1)],
  batch: ['a whole number from 0', whole(0)],
  seconds: ['a number', isNumber],
  sums: ['an object', isObject],
  'sums.steps': ['numbers by name', all(isNumber)],
  'sums.norms': ['numbers by name', all(isNumber)],
  epochs: ['a list of objects', (x) => Array.isArray(x) && x.every(isObject)],
  optimizer: ['an object', isObject],
  'optimizer.steps': ['a whole number from 0', whole(0)],
  'optimizer.scale': ['a number', isNumber],
  'optimizer.groups': ['a list of objects', (x) => Array.isArray(x) && x.every(isObject)],
  best: ['null or an epoch and a value', (x) => x === null || (isObject(x) && isNumber(x.epoch) && isNumber(x.value))],
};

/** @throws naming the first field that is not what a snapshot has */
export function checkStored(json: unknown): asserts json is StoredSnapshot {
  if (!isObject(json)) throw new Error(`decodeSnapshot: expected an object, got ${shown(json)}`);
  if (json.version !== 1)
    throw new Error(`decodeSnapshot: the snapshot has version ${shown(json.version)}, this library reads version 1`);
  for (const [path, [what, check]] of Object.entries(FIELDS)) {
    const value = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], json);
    if (!check(value)) throw new Error(`decodeSnapshot: ${path} must be ${what}, got ${shown(value)}`);
  }
}

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 60) ?? 'nothing';
