/**
 * Ours on Dawn beside Python frameworks on the same card: `npm run bench -- --cuda`. `--device cpu` compares what they come
 * to where there is no card.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { init } from 'spiketape';
import { host } from 'spiketape/host';
import { readArguments } from './arguments.ts';
import { benchCuda, type CudaRow, pythonPeers } from './cuda.ts';
import { finish, type Results, save } from './run.ts';

const args = readArguments(host.args, Object.keys(pythonPeers), {
  python: 'python3',
  device: ['cuda', 'cpu'],
  scripts: 'bench/peers',
});
const engine = await init();
const adapter = engine.device.name;
engine.dispose();
const began = performance.now();
const folder = await mkdtemp(join(tmpdir(), 'spiketape-bench-'));
const results = (rows: readonly CudaRow[]): Results => ({
  adapter,
  seconds: (performance.now() - began) / 1000,
  versions: Object.fromEntries(rows.flatMap((r) => (r.version ? [[r.peer, r.version]] : []))),
  cases: rows,
});
try {
  const { python, device, scripts } = args.own;
  const { cases, peers, minutes } = args;
  const found = await benchCuda({
    cases,
    peers,
    python,
    device,
    scripts,
    folder,
    minutes,
    signal: host.signal,
    onRow: async (rows) => void (await save(args.file, results(rows))),
    onProgress: (text) => console.log(text),
  });
  await finish(args.file, results(found));
  host.signal.throwIfAborted();
} finally {
  await rm(folder, { recursive: true, force: true });
}
