import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import type { Step } from '../../src/device/device.ts';
import { Recorder } from '../../src/device/recorder.ts';
import { byteLength, type Storage } from '../../src/device/storage.ts';
import { planMemory } from '../../src/gpu/plan.ts';
import { nets, stepOf } from '../support/low_memory.ts';

// Where a step's tensors lie: never two in one place at a time, and in little more than the step holds at its peak.

async function recorded(name: string, T: number, memory: 'full' | 'low'): Promise<Step> {
  const recorder = new Recorder();
  const engine = new Engine(recorder);
  const { module, record } = stepOf(nets[name]!(T), { T, B: 64, memory });
  engine.bind(module);
  const tape = engine.tape({ memory });
  const { loss, values } = record(tape);
  for (const v of values) v.keep();
  loss.backward();
  await tape.run();
  return recorder.steps[0]!;
}

/** First and last call of each storage that is made for the step alone; what is kept is needed to the end. */
function livesOf({ calls, kept, reports }: Step): Map<Storage, [first: number, last: number]> {
  const lives = new Map<Storage, [number, number]>();
  for (const [i, { buffers }] of calls.entries())
    for (const s of Object.values(buffers)) if (s?.role === 'transient') lives.set(s, [lives.get(s)?.[0] ?? i, i]);
  for (const s of [...kept, ...reports]) if (lives.has(s)) lives.get(s)![1] = calls.length;
  return lives;
}

describe.each(Object.keys(nets))('the memory of a step: %s', (name) => {
  it.each([
    [1, 'full'],
    [5, 'low'],
    [50, 'full'],
    [50, 'low'],
  ] as const)('%i steps, %s memory', async (T, memory) => {
    const step = await recorded(name, T, memory);
    const { place, buffers } = planMemory(step);
    const lives = [...livesOf(step)];
    expect(place.size).toBe(lives.length);
    for (const [i, [a, [first, last]]] of lives.entries()) {
      expect(buffers[place.get(a)!]!.bytes).toBeGreaterThanOrEqual(byteLength(a));
      for (const [b, [from, to]] of lives.slice(0, i))
        if (place.get(a) === place.get(b)) expect(last < from || to < first, `${a.name}, ${b.name}`).toBe(true);
    }
    const held = step.calls.map((_, i) =>
      lives.reduce((sum, [s, [first, last]]) => sum + (first <= i && i <= last ? byteLength(s) : 0), 0),
    );
    const least = Math.max(...held);
    const taken = buffers.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(taken / least).toBeLessThan(1.3);
  });
});
