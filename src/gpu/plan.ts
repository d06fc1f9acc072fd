import type { Step } from '../device/device.ts';
import { byteLength, type Storage } from '../device/storage.ts';

/** Which buffer each transient storage of a step lives in: buffers are used again within a step once their contents are. */
export interface MemoryPlan {
  /** Buffer number of each storage. */
  readonly place: ReadonlyMap<Storage, number>;
  /** Size of each buffer in bytes and the name of what it was made for. */
  readonly buffers: readonly { bytes: number; readonly name: string }[];
}

/** The first and the last call that touches a storage. */
interface Life {
  readonly first: number;
  readonly last: number;
}

/**
 * Assigns buffers to storages: to the largest first ("greedy by size" for shared objects of Pisarchyk & Lee 2020, arXiv:2001.03288),
 * or in order of first use, which is better where they are of nearly one size.
 */
export function planMemory(step: Step): MemoryPlan {
  const lives = new Map<Storage, Life>();
  step.calls.forEach((call, i) => {
    for (const s of Object.values(call.buffers))
      if (s?.role === 'transient') lives.set(s, { first: lives.get(s)?.first ?? i, last: i });
  });
  for (const s of [...step.kept, ...step.reports]) {
    const life = lives.get(s);
    if (life) lives.set(s, { ...life, last: Number.POSITIVE_INFINITY });
  }
  const bySize = assign(
    [...lives].sort(([a], [b]) => byteLength(b) - byteLength(a)),
    Number.POSITIVE_INFINITY,
  );
  const byUse = assign([...lives], 2);
  return totalOf(bySize) <= totalOf(byUse) ? bySize : byUse;
}

const totalOf = ({ buffers }: MemoryPlan): number => buffers.reduce((sum, { bytes }) => sum + bytes, 0);

/**
 * Each storage goes to the smallest buffer that is free while it lives, unless that is more than `most` times as large; where all of
 * these are too small, the largest of them grows.
 */
function assign(storages: readonly [Storage, Life][], most: number): MemoryPlan {
  const place = new Map<Storage, number>();
  const buffers: { bytes: number; name: string; lives: Life[] }[] = [];
  for (const [s, life] of storages) {
    const bytes = byteLength(s);
    let found = -1;
    for (const [i, b] of buffers.entries())
      if (b.bytes <= most * bytes && better(b.bytes, buffers[found]?.bytes, bytes) && isFree(b.lives, life)) found = i;
    if (found < 0) found = buffers.push({ bytes, name: s.name, lives: [] }) - 1;
    const buffer = buffers[found]!;
    if (buffer.bytes < bytes) Object.assign(buffer, { bytes, name: s.name });
    buffer.lives.splice(indexIn(buffer.lives, life), 0, life);
    place.set(s, found);
  }
  return { place, buffers };
}

/** Whether a buffer of so many bytes suits better than one found before: the smallest that holds `bytes`, otherwise the largest. */
function better(here: number, found: number | undefined, bytes: number): boolean {
  if (found === undefined) return true;
  if (here >= bytes) return found < bytes || here < found;
  return found < bytes && here > found;
}

/** Where a life belongs among lives in order of time, by bisection. */
function indexIn(lives: readonly Life[], { first }: Life): number {
  let [from, to] = [0, lives.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (lives[middle]!.first < first) from = middle + 1;
    else to = middle;
  }
  return from;
}

function isFree(lives: readonly Life[], life: Life): boolean {
  const i = indexIn(lives, life);
  return (lives[i - 1]?.last ?? -1) < life.first && life.last < (lives[i]?.first ?? Number.POSITIVE_INFINITY);
}
