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
 * or in order of first use, which is better where they are of nearly one size. Most steps take no more than they hold at their peak.
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
    const free = buffers.filter((b) => b.lives.every((l) => l.last < life.first || life.last < l.first));
    const bySize = free.filter((b) => b.bytes <= most * bytes).sort((a, b) => a.bytes - b.bytes);
    const found = bySize.find((b) => b.bytes >= bytes) ?? bySize.at(-1) ?? { bytes, name: s.name, lives: [] };
    if (!buffers.includes(found)) buffers.push(found);
    if (found.bytes < bytes) Object.assign(found, { bytes, name: s.name });
    found.lives.push(life);
    place.set(s, buffers.indexOf(found));
  }
  return { place, buffers };
}
