import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { BenchCase } from '../../bench/cases.ts';
import { benchCuda, pythonPeers } from '../../bench/cuda.ts';
import { writeCase } from '../../bench/cuda_case.ts';
import { PeerError, startPeer } from '../../bench/cuda_peer.ts';
import { inRounds } from '../../bench/cuda_rounds.ts';
import { dataOf } from '../../bench/data.ts';
import { decodeSafetensors } from '../../src/io/safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'spiketape-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const scripts = join(import.meta.dirname, '../../bench/peers');

const small: BenchCase = {
  name: 'small',
  kind: 'recurrent',
  B: 2,
  T: 3,
  inputs: 4,
  hidden: 5,
  outputs: 2,
  neuron: 'AHP',
  recurrent: true,
  rate: 0.5,
  batches: 1,
  lr: 1e-3,
  peers: true,
  peersOnSoftware: true,
  software: 'as is',
};

describe('the files of a case', () => {
  it('hold sizes, decays, losses and all arrays', async () => {
    const data = dataOf(small);
    const gradients = { weight: new Float32Array(20).fill(0.5) };
    const { file, remove } = await writeCase(join(folder, 'case'), small, data, { losses: [2, 1], gradients }, 1);
    const spec = JSON.parse(readFileSync(file, 'utf8'));
    expect(spec).toMatchObject({ kind: 'recurrent', B: 2, T: 3, hidden: 5, neuron: 'AHP', lr: 1e-3, losses: [2, 1] });
    expect(spec.constants.alpha).toBeCloseTo(Math.exp(-1 / 20), 12);
    expect(spec.constants.rho).toBeCloseTo(Math.exp(-1 / 700), 12);
    expect(spec.constants.gamma).toBe(1);
    const { tensors } = decodeSafetensors(readFileSync(join(folder, 'case', spec.data)));
    const of = (name: string) => [tensors.get(name)?.dtype, tensors.get(name)?.shape];
    expect(of('input')).toEqual(['U8', [3, 2, 4]]);
    expect(of('labels')).toEqual(['I32', [2]]);
    expect(of('weights.recurrent')).toEqual(['F32', [5, 5]]);
    expect(of('weights.readout')).toEqual(['F32', [2, 5]]);
    expect(of('gradients.weight')).toEqual(['F32', [5, 4]]);
    expect(Array.from(tensors.get('input')!.data as Uint8Array)).toEqual(Array.from(data.input));
    expect(tensors.get('weights.weight')!.data).toEqual(data.weights.weight);
    await remove();
    expect(readdirSync(join(folder, 'case'))).toEqual([]);
  });
});

describe('rounds', () => {
  const clock = (costs: readonly [number, number]) => {
    let now = 0;
    const log: string[] = [];
    const timed = (i: 0 | 1) => async (steps: number) => {
      log.push(`${'ab'[i]}${steps}`);
      now += steps * costs[i];
      return new Array<number>(steps).fill(costs[i]);
    };
    return { log, now: () => now, first: timed(0), second: timed(1) };
  };

  it('alternate, and give the faster one more steps in a turn', async () => {
    const { first, second, log, now } = clock([10, 50]);
    const rounds = { seconds: 1, least: 2, most: 100, turn: 100, now };
    const [a, b] = await inRounds(first, second, rounds);
    expect(log.slice(0, 4)).toEqual(['a1', 'b1', 'a10', 'b2']);
    expect([new Set(a), new Set(b)]).toEqual([new Set([10]), new Set([50])]);
    expect(now()).toBeLessThan(1300);
  });

  it('go on until both have enough, and end when both have many', async () => {
    const slow = clock([1, 5000]);
    const [, few] = await inRounds(slow.first, slow.second, { ...slow, seconds: 1, least: 3, most: 50, turn: 1 });
    expect(few).toHaveLength(3);
    const fast = clock([1, 1]);
    const [many] = await inRounds(fast.first, fast.second, { ...fast, seconds: 9, least: 3, most: 50, turn: 9 });
    expect(many.length).toBeGreaterThanOrEqual(50);
    expect(fast.now()).toBeLessThan(200);
  });
});

describe('a peer', () => {
  const start = (source: string, patience_ms = 20_000) => {
    const script = join(folder, `peer${Math.random()}.mjs`);
    writeFileSync(script, source);
    return startPeer({ python: process.execPath, script, caseFile: 'case.json', device: 'cpu', patience_ms });
  };
  const failure = async (source: string, patience_ms?: number): Promise<PeerError> => {
    const peer = await start(source, patience_ms).catch((error) => error);
    expect(peer).toBeInstanceOf(PeerError);
    return peer;
  };

  it('says when it is ready and times as many steps as it is asked for', async () => {
    const peer = await start(`
      import { createInterface } from 'node:readline';
      console.error('a warning');
      console.log(JSON.stringify({ ready: true, version: process.argv.slice(2).join(' ') }));
      for await (const line of createInterface({ input: process.stdin }))
        console.log(JSON.stringify({ samples_ms: Array(Number(line)).fill(7) }));
    `);
    expect(peer.ready.version).toBe('--case case.json --device cpu --rounds');
    expect(await peer.time(3)).toEqual([7, 7, 7]);
    expect(await peer.time(1)).toEqual([7]);
    peer.close();
  });

  it('is not run where its framework is missing, and not timed where its loss is another', async () => {
    const missing = await failure(`console.log('{"error": "not installed", "notRun": true}'); process.exit(3);`);
    expect([missing.message, missing.notRun, missing.lossMatch]).toEqual(['not installed', true, null]);
    const wrong = await failure(`console.log('{"error": "losses differ", "lossMatch": false}'); process.exit(1);`);
    expect([wrong.message, wrong.notRun, wrong.lossMatch]).toEqual(['losses differ', false, false]);
  });

  it('that breaks, stammers or never answers is an error that says so', async () => {
    const broken = await failure(`console.error('first'); console.error('the reason'); process.exit(1);`);
    expect(broken.message).toBe('ended with code 1: the reason');
    const stammers = await failure(`console.log('hello'); setTimeout(() => {}, 60_000);`);
    expect(stammers.message).toContain("answered 'hello', which is no JSON");
    const silent = await failure('setTimeout(() => {}, 60_000);', 300);
    expect(silent.message).toBe('no answer in 0 s');
  });

  it('needs a Python', async () => {
    const options = { script: 'x.py', caseFile: 'case.json', device: 'cpu', patience_ms: 20_000 } as const;
    const none = await startPeer({ ...options, python: join(folder, 'no-python') }).catch((error) => error);
    expect(none).toBeInstanceOf(PeerError);
    expect(none.notRun).toBe(true);
    expect(none.message).toMatch(/no-python could not be started: .*ENOENT/);
  });
});

describe('the Python peers', () => {
  it('have a script each', () => {
    for (const { script } of Object.values(pythonPeers)) expect(existsSync(join(scripts, script)), script).toBe(true);
  });

  it('are refused by another name', async () => {
    const options = { cases: [small], scripts, folder };
    await expect(benchCuda({ ...options, peers: ['torch', 'flax'] })).rejects.toThrow(/unknown 'flax'; there are snn/);
  });
});
