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
import { benchCuda, pythonPeers } from './cuda.ts';
import { row } from './row.ts';
import { finish } from './run.ts';

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
    onProgress: (text) => console.log(text),
  });
  const rows = found.map((r) => ({ ...row(cases.find((c) => c.name === r.name)!, r.peer, {}), ...r }));
  const versions = Object.fromEntries(found.flatMap((r) => (r.version ? [[r.peer, r.version]] : [])));
  await finish(adapter, rows, (performance.now() - began) / 1000, versions, args.file);
} finally {
  await rm(folder, { recursive: true, force: true });
}
