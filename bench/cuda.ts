import { join } from 'node:path';
import { init } from 'spiketape';
import type { BenchCase } from './cases.ts';
import { type Expected, writeCase } from './cuda_case.ts';
import { PeerError, type PeerOptions, startPeer } from './cuda_peer.ts';
import { inRounds, type Timed } from './cuda_rounds.ts';
import { type CaseData, constants, dataOf } from './data.ts';
import { type OurRunner, ours } from './ours.ts';
import { isSoftware, type Planned, planned } from './plan.ts';
import { type Row, rounded, row, times } from './row.ts';
import { line } from './table.ts';

/** A Python peer: its script, and the rule of its own LIF neurons if they cannot follow ours. */
interface PythonPeer {
  readonly script: string;
  readonly lif?: BenchCase['lif'];
}

/** Those that `--cuda` compares with. Where a peer's own neuron has another rule, ours follows that one beside it. */
export const pythonPeers: Readonly<Record<string, PythonPeer>> = {
  // its reset comes a step late and is never differentiated
  snntorch: { script: 'snntorch_peer.py', lif: { semantics: 'snntorch' } },
  norse: { script: 'norse_peer.py' },
  // the triangle in its kernels has gamma 1
  spikingjelly: { script: 'spikingjelly_peer.py', lif: { surrogate: { name: 'triangle', constants: { gamma: 1 } } } },
  torch: { script: 'torch_eager.py' },
  'torch-compile': { script: 'torch_compile.py' },
  jax: { script: 'jax_scan.py' },
};

export interface CudaOptions {
  readonly cases: readonly BenchCase[];
  /** Names of `pythonPeers`; all by default. */
  readonly peers?: readonly string[];
  /** Folder with the peers' scripts. */
  readonly scripts: string;
  /** Folder for the cases' files, some hundred MB. */
  readonly folder: string;
  /** 'python3' */
  readonly python?: string;
  /** 'cuda'; 'cpu' compares losses and gradients where there is no card, and its times mean nothing. */
  readonly device?: PeerOptions['device'];
  /** Of rounds, for one peer in one case (10). */
  readonly seconds?: number;
  /** After so many nothing new begins; null for as many as it takes, which is an hour or two for everything. */
  readonly minutes?: number | null;
  /** Called with all rows so far after each. */
  readonly onRow?: (rows: readonly CudaRow[]) => Promise<void>;
  /** Ends the comparison before its next row. */
  readonly signal?: AbortSignal;
  /** What is going on. */
  readonly onProgress?: (text: string) => void;
}

/** What else is known of a Python peer. */
export interface CudaRow extends Row {
  readonly version?: string;
  /** The card, as the peer names it. */
  readonly device?: string;
  /** The setting that was its fastest, and what became of the others. */
  readonly setting?: string;
  readonly others?: Readonly<Record<string, string>>;
}

const ROUNDS = { least: 5, most: 200, turn: 100 } as const;
const WARM_UP = 3;
const PATIENCE_MS = 900_000;

/**
 * Compares ours (Dawn on the card) with Python peers on the same card: each case, with each peer in turn, in rounds.
 *
 * @returns a row for each case and peer; a peer that is not there, or computes something else, has `notRun`
 * @throws on a peer's name that is not known, and when all cases are ours alone
 */
export async function benchCuda(options: CudaOptions): Promise<CudaRow[]> {
  const { cases, peers = Object.keys(pythonPeers), minutes, signal, onRow, onProgress = () => {} } = options;
  const unknown = peers.find((p) => !Object.hasOwn(pythonPeers, p));
  if (unknown !== undefined)
    throw new Error(`peers: unknown '${unknown}'; there are ${Object.keys(pythonPeers).join(', ')}`);
  if (!cases.some((c) => c.peers)) throw new Error(`cases: no peer runs ${cases.map((c) => `'${c.name}'`).join(', ')}`);
  const end = performance.now() + 60_000 * (minutes ?? Number.POSITIVE_INFINITY);
  const rows: CudaRow[] = [];
  const engine = await init();
  const adapter = engine.device.name;
  engine.dispose();
  for (const one of cases.filter((c) => c.peers)) {
    const plan = planOf(one, adapter, options.device);
    const { case: c, smaller } = plan;
    const say = async (peer: string, known: Partial<CudaRow>): Promise<void> => {
      rows.push({ ...row(c, peer, { smaller }), ...known });
      onProgress(line(rows.at(-1)!));
      await onRow?.(rows);
    };
    if (plan.notRun !== null) {
      for (const peer of peers) await say(peer, { notRun: plan.notRun });
      continue;
    }
    const data = dataOf(c);
    const known = new Map<string, Expected>();
    for (const peer of peers) {
      if (signal?.aborted) return rows;
      if (performance.now() > end) {
        await say(peer, { notRun: `the ${minutes} minutes of the run were over` });
        continue;
      }
      onProgress(`${c.name}: ${peer} ...`);
      await say(peer, await compare(c, data, known, peer, options));
    }
  }
  return rows;
}

/** A peer on its card is to be compared with ours on that card, not with ours on the CPU. */
function planOf(c: BenchCase, adapter: string, device: PeerOptions['device'] = 'cuda'): Planned {
  const plan = planned(c, adapter);
  if (device === 'cpu' || !isSoftware(adapter)) return plan;
  return { ...plan, notRun: `ours would run on ${adapter}: Dawn finds no Vulkan driver of a card` };
}

async function compare(
  original: BenchCase,
  data: CaseData,
  known: Map<string, Expected>,
  name: string,
  options: CudaOptions,
): Promise<Partial<CudaRow>> {
  const { script, lif } = pythonPeers[name]!;
  const c: BenchCase = original.neuron === 'LIF' && lif ? { ...original, lif } : original;
  const rule = JSON.stringify(c.lif ?? null);
  const expected = known.get(rule) ?? (await expectedOf(c, data));
  known.set(rule, expected);
  const written = await writeCase(options.folder, c, data, expected, gammaOf(c));
  try {
    const peer = await startPeer({
      python: options.python ?? 'python3',
      script: join(options.scripts, script),
      caseFile: written.file,
      device: options.device ?? 'cuda',
      patience_ms: PATIENCE_MS,
    });
    const runner = await ours.prepare(c, data);
    try {
      const found = await timed(runner, peer.time, options.seconds ?? 10);
      const { version, device, setting, others, lossError, gradientError, prepare_ms } = peer.ready;
      const differences = { lossDifference: lossError, outcomeDifference: gradientError };
      const said = { version, device, setting, others, peerFirst_ms: rounded(prepare_ms) };
      return { ...found, lossMatch: true, ...differences, ...said };
    } finally {
      runner.dispose();
      peer.close();
    }
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    return { lossMatch: error.lossMatch, notRun: error.message };
  } finally {
    await written.remove();
  }
}

/** What ours comes to: the first losses of training, and the first gradients, from a run without updates. */
async function expectedOf(c: BenchCase, data: CaseData): Promise<Expected> {
  const training = await ours.prepare({ ...c, batches: 1 }, data);
  const losses: number[] = [];
  // without an update every step is the first one
  for (let i = 0; i < (c.lr > 0 ? 3 : 1); i++) losses.push(await training.step());
  training.dispose();
  const still = await ours.prepare({ ...c, batches: 1, lr: 0 }, data);
  await still.step();
  const gradients = await still.outcome();
  still.dispose();
  return { losses, gradients };
}

/** Ours and a peer by turns, ours warmed up first, as the peer is. */
async function timed(runner: OurRunner, peer: Timed, seconds: number): Promise<Partial<Row>> {
  const own: Timed = async (steps) => {
    const samples: number[] = [];
    for (let i = 0; i < steps; i++) {
      const from = performance.now();
      await runner.step();
      samples.push(performance.now() - from);
    }
    return samples;
  };
  const [cold] = await own(1);
  const warm = Math.min(...(await own(WARM_UP)));
  const [our, its] = await inRounds(own, peer, { ...ROUNDS, seconds });
  return { ...runner.structure(), ...times(our, its), compile_ms: rounded(Math.max(0, cold! - warm)) };
}

function gammaOf(c: BenchCase): number {
  const surrogate = c.lif?.surrogate;
  return (typeof surrogate === 'object' && surrogate.constants?.gamma) || constants.gamma;
}
