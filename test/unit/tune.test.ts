import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { installTuningStore } from '../../cli/tuning.ts';
import { Recorder } from '../../src/device/recorder.ts';
import { Engine, LIF, Sequential } from '../../src/index.ts';
import type { PathName } from '../../src/kernels/time_path.ts';
import { defaultStore, forgiving, STORE_KEY, type TuningStore } from '../../src/tune/store.ts';
import { Tuner, tune } from '../../src/tune/tuner.ts';

// Choices by measurement, with made-up times; real ones are in test/gpu/cases/tune.ts.

const layer = (N: number, B = 2, recurrent = true) => ({ N, B, T: 10, inputs: 4, recurrent });

/** A tuner for whom one path is the faster, what it measured, and what it keeps. */
function tuner(faster: PathName, o: { kept?: Map<string, string>; store?: TuningStore | null; fails?: boolean } = {}) {
  const { kept = new Map<string, string>(), fails = false } = o;
  const store = o.store === undefined ? { load: (k: string) => kept.get(k), save: kept.set.bind(kept) } : o.store;
  const timed: string[] = [];
  let running = 0;
  const made = new Tuner(new Engine(new Recorder()), store, async (_, { N, B }, path) => {
    expect(++running).toBe(1);
    timed.push(`${N} x ${B} ${path}`);
    await new Promise((done) => setTimeout(done, 1));
    running--;
    if (fails) throw new Error('no memory');
    return path === faster ? 1 : 2;
  });
  return { made, timed, kept };
}

describe('a tuner', () => {
  it('measures what more than one path is possible for, once a size, and keeps the faster', async () => {
    const { made, timed, kept } = tuner('steps');
    expect(await made.measure()).toBe(false);
    for (const l of [layer(600), layer(100), layer(5000), layer(600, 2, false), layer(600, 65)])
      expect(made.choice(l)).toBe(undefined);
    expect(await made.measure()).toBe(true);
    expect(timed).toEqual(['600 x 2 loop', '600 x 2 steps']);
    expect(made.choice(layer(600))).toBe('steps');
    expect(made.choice(layer(1000))).toBe('steps');
    expect(made.choice(layer(1100))).toBe(undefined);
    expect(await made.measure()).toBe(false);
    expect(made.measured).toBe(1);
    expect([...kept]).toEqual([['spiketape 1, recorder, 256 threads: 1024 recurrent neurons, 2 samples', 'steps']]);
    expect([...made.choices]).toEqual([...kept]);
  });

  it('measures one shape at a time, and none twice', async () => {
    const { made, timed } = tuner('loop');
    made.choice(layer(600));
    const first = made.measure();
    made.choice(layer(700));
    made.choice(layer(300));
    expect(await Promise.all([first, made.measure()])).toEqual([true, true]);
    expect(timed).toEqual(['600 x 2 loop', '600 x 2 steps', '300 x 2 loop', '300 x 2 steps']);
    expect(made.choice(layer(700))).toBe('loop');
  });

  it('takes what was measured in an earlier run, if it is possible still', async () => {
    const { kept } = await measured('steps', {});
    const again = await measured('loop', { kept });
    expect([again.made.choice(layer(600)), again.timed, again.made.measured]).toEqual(['steps', [], 0]);
    for (const key of kept.keys()) kept.set(key, 'sideways');
    expect((await measured('loop', { kept })).made.choice(layer(600))).toBe('loop');
  });

  it('goes by the rule where nothing can be measured, and keeps nothing then', async () => {
    const { made, kept } = await measured('steps', { fails: true });
    expect([made.choice(layer(600)), made.measured, kept.size]).toEqual(['loop', 0, 0]);
  });

  it('does without a store, and with one that is forbidden', async () => {
    const forbidden = (): never => {
      throw new Error('forbidden');
    };
    for (const store of [null, { load: forbidden, save: forbidden }])
      expect((await measured('steps', { store })).made.choice(layer(600))).toBe('steps');
  });
});

async function measured(faster: PathName, o: Parameters<typeof tuner>[1]) {
  const all = tuner(faster, o);
  all.made.choice(layer(600));
  await all.made.measure();
  return all;
}

describe('an engine', () => {
  /** Dispatches of a recurrent layer forward, and the steps that were compiled. */
  const run = async (tuned?: PathName) => {
    const recorder = new Recorder();
    const engine = new Engine(recorder);
    if (tuned) engine.tuning = new Tuner(engine, null, async (_, __, path) => (path === tuned ? 1 : 2));
    const net = new Sequential(new LIF(300, { recurrent: true }));
    engine.bind(net);
    const tape = engine.tape({ training: false });
    net.forward(tape.input(new Float32Array(5 * 300), { shape: [5, 1, 300] })).keep();
    await tape.run();
    expect(recorder.steps).toHaveLength(1);
    return recorder.steps[0]!.calls.filter((c) => c.kernel.name === 'cell_forward').length;
  };

  it('goes by the rule unless it is tuned, and then by what was measured', async () => {
    expect([await run(), await run('loop'), await run('steps')]).toEqual([1, 1, 5]);
  });

  it('is not tuned by itself', () => {
    const engine = new Engine(new Recorder());
    expect(engine.tuning).toBe(null);
    expect(tune(engine, { store: null })).toBe(engine.tuning);
  });
});

describe('the default store', () => {
  const here = globalThis as Record<PropertyKey, unknown>;
  const folder = mkdtempSync(join(tmpdir(), 'spiketape-tuning-'));
  afterEach(() => {
    for (const name of [STORE_KEY, 'document', 'localStorage']) Reflect.deleteProperty(here, name);
    rmSync(folder, { recursive: true, force: true });
  });

  it('is none where there is no page and no runner', () => {
    expect(defaultStore()).toBe(null);
  });

  it('is a page’s localStorage, even one that may not be touched', () => {
    const items = new Map<string, string>();
    here.document = {};
    Object.defineProperty(here, 'localStorage', {
      configurable: true,
      value: { getItem: (k: string) => items.get(k) ?? null, setItem: (k: string, v: string) => items.set(k, v) },
    });
    defaultStore()!.save('a', 'loop');
    expect([items.get('a'), defaultStore()!.load('a'), defaultStore()!.load('b')]).toEqual(['loop', 'loop', null]);
    Object.defineProperty(here, 'localStorage', {
      configurable: true,
      get() {
        throw new Error('denied');
      },
    });
    const store = forgiving(defaultStore());
    store.save('a', 'loop');
    expect(store.load('a')).toBe(undefined);
  });

  it('is the runner’s file, written whole, and empty when damaged', () => {
    installTuningStore(folder);
    const store = defaultStore()!;
    expect(store.load('a')).toBe(undefined);
    store.save('a', 'loop');
    store.save('b', 'steps');
    expect([store.load('a'), store.load('b'), readdirSync(folder)]).toEqual(['loop', 'steps', ['tuning.json']]);
    for (const damaged of ['{', 'null']) {
      writeFileSync(join(folder, 'tuning.json'), damaged);
      expect(store.load('a')).toBe(undefined);
    }
    store.save('c', 'loop');
    expect(store.load('c')).toBe('loop');
  });
});
