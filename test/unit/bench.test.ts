import { describe, expect, it } from 'vitest';
import { alternate } from '../../bench/alternate.ts';
import { readArguments } from '../../bench/arguments.ts';
import { type BenchCase, cases } from '../../bench/cases.ts';
import type { Contender, Runner } from '../../bench/contender.ts';
import { dataOf } from '../../bench/data.ts';
import { lossOf } from '../../bench/forward.ts';
import { measure } from '../../bench/measure.ts';
import { netOf } from '../../bench/ours.ts';
import { chosen, isSoftware, planned } from '../../bench/plan.ts';
import { row, times } from '../../bench/row.ts';
import { difference, quartiles } from '../../bench/statistics.ts';
import { line, table } from '../../bench/table.ts';
import { plan } from '../../scripts/bench.mjs';
import { crossEntropy, Engine, regularize } from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';

const named = (name: string): BenchCase => cases.find((c) => c.name === name)!;

describe('the cases', () => {
  it('have names of their own, and three that begin with A and S', () => {
    expect(new Set(cases.map((c) => c.name)).size).toBe(cases.length);
    const names = ['A recurrent', 'S recurrent', 'S recurrent, low memory'];
    expect(cases.filter((c) => /^[AS]/.test(c.name)).map((c) => c.name)).toEqual(names);
    expect({ ...named(names[2]!), name: names[1], memory: undefined, peers: true }).toEqual(named(names[1]!));
  });

  it('begin from data that their sizes alone determine, at the rate that they say', () => {
    const c = named('A recurrent');
    const [one, two] = [dataOf(c), dataOf({ ...c, name: 'another' })];
    expect(one).toEqual(two);
    expect(one.input.reduce((a, b) => a + b, 0) / one.input.length).toBeCloseTo(c.rate, 2);
    expect(one.weights.recurrent![129]).toBe(0);
    const { weight } = one.weights;
    expect(weight!.reduce((a, w) => a + w * w, 0) / weight!.length).toBeCloseTo(1 / c.inputs, 3);
    expect(Math.max(...one.labels)).toBeLessThan(c.outputs);
  });
});

describe('what runs on which adapter', () => {
  it('is all of it on a GPU, peers beside all cases that have them', () => {
    const plans = cases.map((c) => planned(c, 'NVIDIA H100 (nvidia hopper)'));
    expect(plans.every((p) => p.notRun === null && p.smaller === null)).toBe(true);
    expect(plans.map((p) => p.case)).toEqual(cases);
    expect(plans.filter((p) => p.peers).map((p) => p.case.name)).toContain('sMNIST');
  });

  it('is on a software adapter peers beside three cases, others smaller or not at all, and says so', () => {
    for (const adapter of ['google swiftshader', 'llvmpipe (LLVM 15.0.6, 256 bits) (mesa)']) {
      expect(isSoftware(adapter)).toBe(true);
      const plans = new Map(cases.map((c) => [c.name, planned(c, adapter)]));
      expect([...plans.values()].filter((p) => p.peers).map((p) => p.case.name)).toEqual([
        'A recurrent',
        'S recurrent',
        'feed-forward 512',
      ]);
      expect(plans.get('feed-forward 4096')).toMatchObject({ notRun: 'minutes a step on a software adapter' });
      expect(plans.get('sMNIST')).toMatchObject({ smaller: 'B 16 in place of 256', case: { B: 16, T: 840 } });
    }
  });

  it('can be chosen by the beginnings of names', () => {
    expect(chosen(cases, 'A,MNIST static 2').map((c) => c.name)).toEqual(['A recurrent', 'MNIST static 2 %']);
    for (const name of ['S recurrent', 'S recurrent, low memory'])
      expect(chosen(cases, name).map((c) => c.name)).toEqual([name]);
    expect(chosen(cases, '', 'A').map((c) => c.name)).toEqual(['A recurrent']);
    expect(chosen(cases, '', 'growth T 50').map((c) => c.name)).toEqual(['growth T 50']);
    expect(chosen(cases)).toEqual(cases);
    expect(() => chosen(cases, 'A,')).toThrow(/--only: there is no case ''/);
    expect(() => chosen(cases, '', 'sMNISt')).toThrow(/--case: there is no case 'sMNISt'; did you mean 'sMNIST'\?/);
    expect(() => chosen(cases, '', 'growth')).toThrow(/'growth' begins 20 names/);
    expect(() => chosen(cases, 'A', 'S')).toThrow(/give one of the two/);
  });
});

describe('the command line', () => {
  const read = (...given: string[]) => readArguments(given, ['tfjs', 'jax'], {});

  it('gives cases, peers and where the results go', () => {
    expect(read()).toMatchObject({ cases, peers: ['tfjs', 'jax'], file: 'bench.json', minutes: null });
    expect(read('--peers', 'none').peers).toEqual([]);
    expect(read('--peers=jax', '--minutes', '3')).toMatchObject({ peers: ['jax'], minutes: 3 });
  });

  it('refuses what is not known with the nearest that is', () => {
    expect(() => read('--onyl', 'A')).toThrow(/unknown argument --onyl; did you mean '--only'\?/);
    expect(() => read('--peers', 'tfsj')).toThrow(/--peers: there is no 'tfsj'; did you mean 'tfjs'\?/);
    expect(() => read('--minutes', '-1')).toThrow(/--minutes: expected a number above 0, got -1/);
    expect(() => plan(['--runtime', 'deno'])).toThrow(/--runtime: expected chrome or node, got 'deno'/);
    expect(() => plan(['--out', '--only'])).toThrow(/--out: needs a value/);
  });

  it('needs the browser and its peers only where they are compared', () => {
    expect(plan([])).toMatchObject({ script: 'main.ts', node: false, peers: true, args: [] });
    expect(plan(['--peers', 'none', '--only=A'])).toMatchObject({ script: 'alone.ts', node: false, peers: false });
    expect(plan(['--runtime=node'])).toMatchObject({ script: 'alone.ts', node: true, args: [] });
    expect(plan(['--cuda', '--out', '/x/y.json'])).toMatchObject({ script: 'python.ts', node: true, out: '/x/y.json' });
  });
});

describe('timing in turns', () => {
  /** A clock that stands still except for the steps of two contenders. */
  const contest = (first: number, second: number) => {
    let now = 0;
    const order: string[] = [];
    const turn = (name: string, ms: number) => ({
      name,
      step: async () => {
        order.push(name);
        now += ms;
      },
    });
    return { turns: [turn('a', first), turn('b', second)], order, now: () => now };
  };

  it('alternates, gives the fast one several steps in a turn, and ends with the budget', async () => {
    const { turns, order, now } = contest(40, 300);
    const patience = { budget: 1000, least: 2, most: 9, turn: 100 };
    const [a, b] = await alternate(turns, patience, { now });
    expect(order.join('')).toBe('aaabaaabaaab');
    expect(a).toEqual(Array(9).fill(40));
    expect(b).toEqual([300, 300, 300]);
  });

  it('goes on beyond the budget until there are enough rounds, and never beyond the most', async () => {
    const slow = contest(1, 5000);
    const [, b] = await alternate(slow.turns, { budget: 10, least: 3, most: 9, turn: 0 }, slow);
    expect(b).toHaveLength(3);
    const fast = contest(1, 1);
    const [a] = await alternate(fast.turns, { budget: 1e6, least: 3, most: 9, turn: 0 }, fast);
    expect(a).toHaveLength(9);
  });

  it('is content with one round when it is late', async () => {
    const { turns, now } = contest(1, 5000);
    const patience = { budget: 1e6, least: 3, most: 9, turn: 0 };
    const [a, b] = await alternate(turns, patience, { now, late: () => (now() > 100 ? 'over' : null) });
    expect([a, b]).toEqual([[1], [5000]]);
  });

  it('ends when it is told to', async () => {
    const { turns, now } = contest(1, 1);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(alternate(turns, { budget: 9, least: 1, most: 1, turn: 0 }, { now, signal })).rejects.toThrow(
      'enough',
    );
  });
});

describe('statistics', () => {
  it('interpolates quartiles', () => {
    expect(quartiles([4, 1, 3, 2])).toEqual([1.75, 2.5, 3.25]);
    expect(quartiles([7])).toEqual([7, 7, 7]);
    expect(() => quartiles([])).toThrow(/at least one sample/);
  });

  it('measures how far results are apart, relative to what changed', () => {
    expect(difference([3, 4], [3, 4])).toBe(0);
    expect(difference([3, 4], [3, 9])).toBe(1);
    expect(difference([13, 14], [13, 19], [10, 10])).toBe(1);
    expect(difference([1], [Number.NaN])).toBe(Number.POSITIVE_INFINITY);
    expect(difference([1, 2], [1])).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the results', () => {
  const c = named('A recurrent');
  const shared = { dispatches: 8, bytesSaved: 844_800, compile_ms: 500, lossMatch: true };
  const rows = [
    row(c, 'tfjs-webgpu', { ...shared, ...times([70, 72, 74], [1900, 2100, 2000]) }),
    row(c, 'jax-js', { ...shared, lossMatch: false, notRun: 'its loss is another' }),
    row(named('sMNIST'), null, { ...shared, ...times([1.5]), smaller: 'B 16 in place of 256' }),
    row(named('feed-forward 4096'), null, { notRun: 'too slow' }),
  ];

  it('have in bench.json a place for everything, null where nothing was measured', () => {
    expect(JSON.parse(JSON.stringify(rows[0]))).toMatchObject({
      ...{ name: 'A recurrent', peer: 'tfjs-webgpu', ours_ms: 72, peer_ms: 2000, ...shared },
      ...{ ours_spread: [71, 73], peer_spread: [1950, 2050], samples: 3, notRun: null },
    });
    expect(rows[0]!.ratio).toBeCloseTo(2000 / 72);
    const keys = ['name', 'peer', 'ours_ms', 'peer_ms', 'ratio', 'dispatches', 'bytesSaved', 'compile_ms', 'lossMatch'];
    for (const r of rows) expect(Object.keys(JSON.parse(JSON.stringify(r)))).toEqual(expect.arrayContaining(keys));
    expect(rows[3]).toMatchObject({ ours_ms: null, ratio: null, peer: null, dispatches: null });
  });

  it('are printed with spreads and ratios, and with reasons instead of times', () => {
    expect(table(rows).split('\n')).toEqual([
      'case                     ours ms  peer                     peer ms  ratio  dispatches     saved  compile   loss',
      'A recurrent           72 (71-73)  tfjs-webgpu  2,000 (1,950-2,050)   27.8           8  844.8 kB   500 ms   same',
      '                         not run  jax-js                   not run      -           8  844.8 kB   500 ms  OTHER',
      'sMNIST *           1.5 (1.5-1.5)  -                              -      -           8  844.8 kB   500 ms   same',
      'feed-forward 4096        not run  -                              -      -           -         -        -      -',
      '* sMNIST: B 16 in place of 256',
      'not run: A recurrent by jax-js: its loss is another',
      'not run: feed-forward 4096: too slow',
    ]);
    expect(line(rows[0]!)).toBe(
      'A recurrent, tfjs-webgpu: ours 72 (71-73) ms, its 2,000 (1,950-2,050) ms, 27.8 times ours',
    );
    expect(line(rows[3]!)).toBe('feed-forward 4096: not run: too slow');
  });
});

describe('the judge of all contenders', () => {
  const small: Record<string, Partial<BenchCase>> = {
    'A recurrent': { B: 3, T: 12, inputs: 20, hidden: 15, outputs: 4 },
    'MNIST static 10 %': { B: 2, T: 9, inputs: 30, hidden: 20 },
    'feed-forward 512': { B: 2, T: 15, inputs: 24, hidden: 24 },
    'neuron kernel': { B: 2, T: 15, inputs: 8, hidden: 8 },
  };

  it.each(Object.keys(small))('agrees with our float64 device on %s', async (name) => {
    const c = { ...named(name), ...small[name] };
    const data = dataOf(c);
    const engine = new Engine(new ReferenceDevice());
    const net = netOf(c, data);
    engine.bind(net);
    const tape = engine.tape({ training: false });
    const form = c.kind === 'neuron' ? 'f32' : 'bits';
    const y = net.forward(tape.input(data.input, { shape: [c.T, c.B, c.inputs], form }));
    const loss =
      c.outputs > 0
        ? crossEntropy(y, data.labels, { at: 'mean' }).loss
        : regularize.rate({ target: 0, weight: 1 / c.hidden })(tape);
    loss.prepare();
    await tape.run();
    const expected = await loss.value();
    expect(expected).toBeGreaterThan(0);
    // parameters and results are float32 where they change hands
    expect(lossOf(c, data)! / expected).toBeCloseTo(1, 6);
  });

  it('is left out where it would take longer than the contenders', () => {
    const c = named('feed-forward 4096');
    expect(lossOf(c, { weights: {}, input: new Float32Array(), labels: new Uint32Array() })).toBeNull();
  });
});

describe('a case', () => {
  const c: BenchCase = { ...named('A recurrent'), B: 2, T: 5, inputs: 8, hidden: 6, outputs: 3 };
  const data = dataOf(c);
  const right = lossOf(c, data)!;
  const plans = { case: c, peers: true, smaller: null, notRun: null };
  const once = { budget: 0, least: 2, most: 2, turn: 0 };
  const watch = { patience: { beside: once, alone: once } };
  const structure = { dispatches: 11, bytesSaved: 7, bytesLive: 9 };

  /** Moves every weight by `change`, and counts its steps. */
  const stub = (name: string, loss: number, change: number) => {
    const counted = { steps: 0, disposed: 0 };
    const runner: Runner = {
      step: async () => {
        counted.steps++;
        if (Number.isNaN(loss)) throw new Error('no memory');
        return loss;
      },
      outcome: async () =>
        Object.fromEntries(Object.entries(data.weights).map(([n, w]) => [n, w.map((x) => x + change)])),
      dispose: () => {
        counted.disposed++;
      },
    };
    const own = { name, prepare: async () => ({ ...runner, adapter: 'stub', structure: () => structure }) };
    return { counted, contender: own as Contender, own };
  };
  const run = async (us: ReturnType<typeof stub>, peers: ReturnType<typeof stub>[], more: object = {}) =>
    measure(
      { ...plans, ...more },
      peers.map((p) => p.contender),
      watch,
      us.own,
    );

  it('times ours and each peer that comes to the same', async () => {
    const [us, a, b] = [stub('spiketape', right, 0.1), stub('a', right * 1.0001, 0.1), stub('b', right, 0.1)];
    const rows = await run(us, [a, b]);
    expect(rows.map((r) => [r.peer, r.lossMatch, r.samples, r.notRun])).toEqual([
      ['a', true, 2, null],
      ['b', true, 2, null],
    ]);
    expect(rows[0]).toMatchObject(structure);
    // the first, one to warm up, two that count
    expect(a.counted).toEqual({ steps: 4, disposed: 1 });
    expect(us.counted).toEqual({ steps: 6, disposed: 1 });
  });

  it('with low memory is beside itself with full memory, and beside nobody else', async () => {
    const us = stub('spiketape', right, 0.1);
    const peer = stub('a', right, 0.1);
    const prepared: (string | undefined)[] = [];
    const prepare = (of: BenchCase) => {
      prepared.push(of.memory);
      return us.own.prepare();
    };
    const low = { ...plans, case: { ...c, memory: 'low' } as const, peers: true };
    const rows = await measure(low, [peer.contender], watch, { ...us.own, prepare });
    expect(rows).toMatchObject([{ peer: 'spiketape-full-memory', lossMatch: true, samples: 2 }]);
    expect(prepared).toEqual(['low', undefined]);
    expect(peer.counted.steps).toBe(0);
  });

  it('does not time a peer with another loss, with other weights, or one that breaks', async () => {
    const us = stub('spiketape', right, 0.1);
    const peers = [stub('a', right * 1.01, 0.1), stub('b', right, 0.11), stub('c', Number.NaN, 0.1)];
    const rows = await run(us, peers);
    expect(rows.map((r) => [r.peer, r.lossMatch, r.peer_ms])).toEqual([
      ['a', false, null],
      ['b', false, null],
      ['c', null, null],
      [null, true, null],
    ]);
    expect(rows[3]).toMatchObject({ notRun: null, samples: 2 });
    expect(rows[0]!.notRun).toMatch(/^its loss is /);
    expect(rows[1]!.notRun).toMatch(/its new weights differ by 0\.10 of theirs/);
    expect(rows[2]!.notRun).toBe('it failed: no memory');
    expect(peers.map((p) => p.counted)).toEqual(Array(3).fill({ steps: 1, disposed: 1 }));
  });

  it('times nobody when ours is wrong or breaks', async () => {
    const peer = stub('a', right, 0.1);
    const [wrong] = await run(stub('spiketape', right * 1.01, 0.1), [peer]);
    expect(wrong).toMatchObject({ peer: null, lossMatch: false, ours_ms: null });
    expect(wrong!.notRun).toMatch(/our loss is .* that of plain loops in float64/);
    const [broken] = await run(stub('spiketape', Number.NaN, 0.1), [peer]);
    expect(broken).toMatchObject({ peer: null, lossMatch: false, notRun: 'ours failed: no memory' });
    expect(peer.counted.steps).toBe(0);
  });

  it('is ours alone where it has no peers, and is not run where its plan says so or it is late', async () => {
    const [us, peer] = [stub('spiketape', right, 0.1), stub('a', right, 0.1)];
    const [alone] = await run(us, [peer], { peers: false, smaller: 'B 2 in place of 32' });
    expect(alone).toMatchObject({ peer: null, lossMatch: true, samples: 2, smaller: 'B 2 in place of 32' });
    expect(await run(us, [peer], { notRun: 'too slow' })).toMatchObject([{ peer: 'a', notRun: 'too slow' }]);
    const late = await measure(plans, [peer.contender], { ...watch, late: () => 'over' }, us.own);
    expect(late).toMatchObject([{ peer: 'a', notRun: 'over', ours_ms: null }]);
    expect(peer.counted.steps).toBe(0);
  });
});
