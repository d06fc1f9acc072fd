import type { Call, Step } from '../device/device.ts';
import { byteLength, type Storage } from '../device/storage.ts';

/** Which buffer each transient storage of a step lives in: buffers are used again within a step once their contents are. */
export interface MemoryPlan {
  /** Buffer number of each storage. */
  readonly place: ReadonlyMap<Storage, number>;
  /** Size of each buffer in bytes and the name of what it was made for. */
  readonly buffers: readonly { bytes: number; readonly name: string }[];
}

/** Assigns buffers in order of first use; a buffer is free after the last call that touches it. */
export function planMemory(step: Step): MemoryPlan {
  const lastUse = new Map<Storage, number>();
  const touched = (call: Call) => Object.values(call.buffers).filter((s): s is Storage => s?.role === 'transient');
  step.calls.forEach((call, i) => {
    for (const s of touched(call)) lastUse.set(s, i);
  });
  for (const s of [...step.kept, ...step.reports]) lastUse.set(s, Number.POSITIVE_INFINITY);

  const place = new Map<Storage, number>();
  const buffers: { bytes: number; readonly name: string }[] = [];
  const free: number[] = [];
  step.calls.forEach((call, i) => {
    const now = [...new Set(touched(call))];
    for (const s of now) {
      if (place.has(s)) continue;
      const bytes = byteLength(s);
      // not one more than twice as large, or a small tensor would sit on a large buffer
      const fits = free
        .filter((b) => buffers[b]!.bytes >= bytes && buffers[b]!.bytes <= 2 * bytes)
        .sort((a, b) => buffers[a]!.bytes - buffers[b]!.bytes);
      // where none fits, one that is too small grows: nothing is created yet
      const found =
        fits[0] ??
        free.filter((b) => buffers[b]!.bytes < bytes).sort((a, b) => buffers[b]!.bytes - buffers[a]!.bytes)[0];
      if (found !== undefined) {
        free.splice(free.indexOf(found), 1);
        if (buffers[found]!.bytes < bytes) buffers[found] = { bytes, name: s.name };
      } else buffers.push({ bytes, name: s.name });
      place.set(s, found ?? buffers.length - 1);
    }
    for (const s of now) if (lastUse.get(s) === i) free.push(place.get(s)!);
  });
  return { place, buffers };
}
