import { type Files, walk } from '../files.ts';
import { opened, type Recordings, recordingsOf } from '../recordings.ts';
import { type Events, emptyEvents, firstEvents } from './events.ts';

/** Rows that stand for no pixel: the clock passed another 2^13 microseconds. */
const OVERFLOW_ROW = 240;
const OVERFLOW = 2 ** 13;
const SIDE = 34;

/**
 * Reads a recording of N-MNIST (Orchard et al. 2015): 5 bytes an event, column, row, and with the highest bit first one
 * bit of polarity and 23 of time in microseconds.
 *
 * @param bytes a whole `.bin` file
 * @param name what error messages call it
 * @throws Error with name and byte offset when the file is cut short, or an event lies outside 34 x 34 pixels or before
 *   the one before it
 */
export function readNmnist(bytes: Uint8Array, name: string): Events {
  const wrong = (offset: number, text: string): Error => new Error(`${name}: byte ${offset}: ${text}`);
  if (bytes.length === 0) throw wrong(0, 'the file is empty, expected events of 5 bytes');
  const rest = bytes.length % 5;
  if (rest !== 0) throw wrong(bytes.length - rest, `expected an event, 5 bytes, but the file ends after ${rest}`);
  const events = emptyEvents(bytes.length / 5, SIDE, SIDE);
  let [found, passed, last] = [0, 0, 0];
  for (let at = 0; at < bytes.length; at += 5) {
    const [x, y, high] = [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!];
    if (y === OVERFLOW_ROW) {
      passed += OVERFLOW;
      continue;
    }
    if (x >= SIDE || y >= SIDE)
      throw wrong(at, `the event is at column ${x}, row ${y}; expected ${SIDE} x ${SIDE} pixels`);
    const time = passed + (high & 127) * 2 ** 16 + bytes[at + 3]! * 2 ** 8 + bytes[at + 4]!;
    if (time < last) throw wrong(at + 2, `the event is at ${time} us, before the one before it, at ${last} us`);
    last = time;
    events.x[found] = x;
    events.y[found] = y;
    events.polarity[found] = high >> 7;
    events.time[found] = time;
    found++;
  }
  return firstEvents(events, found);
}

export interface Nmnist {
  name: 'nmnist';
  classes: string[];
  train: Recordings<Events>;
  test: Recordings<Events>;
}

/**
 * N-MNIST: MNIST's digits, moved before an event camera in three strokes of 100 ms.
 *
 * @param files the folder with `Train` and `Test`, or with `Train.zip` and `Test.zip` as published
 * @throws when one of them is missing, or a file lies elsewhere than in a folder 0 to 9
 */
export async function loadNmnist(files: Files): Promise<Nmnist> {
  const part = async (name: string): Promise<Recordings<Events>> => {
    const isPart = (entry: string): boolean => entry.toLowerCase() === `${name}/`;
    const isArchive = (entry: string): boolean => entry.toLowerCase().startsWith(name);
    const root = await opened(files, `nmnist: ${name}`, isPart, isArchive);
    const entries = (await walk(root))
      .filter((path) => path.endsWith('.bin') && new RegExp(`(^|/)${name}/`, 'i').test(path))
      .map((path) => {
        const digit = /\/(\d)\/[^/]+$/.exec(path)?.[1];
        if (!digit) throw new Error(`nmnist: ${path}: expected it in the folder of its digit, 0 to 9`);
        return { path, label: Number(digit) };
      });
    if (entries.length === 0) throw new Error(`nmnist: ${name}: expected .bin files; there is none`);
    return recordingsOf(root, entries, (bytes, { path }) => readNmnist(bytes, path));
  };
  return {
    name: 'nmnist',
    classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
    train: await part('train'),
    test: await part('test'),
  };
}
