// `npm run bench`: sets itself up, then measures ours beside its peers in headless Chrome and writes bench.json.
//   --runtime node   ours alone, on Dawn
//   --cuda           ours on Dawn beside Python frameworks on the same card
//   --out FILE       in place of bench.json in the repository's root
// Whatever else is given is for the script: --only A,S, --case NAME, --peers none, --minutes 20.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setup, setupPackages } from './setup.mjs';

/**
 * What is run, from the command line.
 *
 * @param {readonly string[]} given
 * @returns {{ script: string, node: boolean, peers: boolean, out: string, args: string[] }} `peers`: whether the browser's
 *   peers are needed
 */
export function plan(given) {
  const args = [...given];
  const value = (name) => {
    const at = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`));
    if (at < 0) return undefined;
    if (args[at] !== name) return args.splice(at, 1)[0].slice(name.length + 1);
    const [, text] = args.splice(at, 2);
    if (text === undefined || text.startsWith('--')) throw new Error(`${name}: needs a value, and none came`);
    return text;
  };
  const runtime = value('--runtime') ?? 'chrome';
  if (runtime !== 'chrome' && runtime !== 'node')
    throw new Error(`--runtime: expected chrome or node, got '${runtime}'`);
  const out = value('--out') ?? path.join(root, 'bench.json');
  const at = args.indexOf('--cuda');
  if (at >= 0) args.splice(at, 1);
  const none = /(^| )--peers[= ]none( |$)/.test(args.join(' '));
  const node = runtime === 'node' || at >= 0;
  // a folder in which a script is bundled is not the one in which it lies
  if (at >= 0) args.push('--scripts', path.join(root, 'bench', 'peers'));
  const script = at >= 0 ? 'python.ts' : node || none ? 'alone.ts' : 'main.ts';
  return { script, node, peers: script === 'main.ts', out: path.resolve(out), args };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { script, node, peers, out, args } = readPlan();
  await setup({ browser: !node });
  if (peers) await setupPackages('bench');
  const bin = path.join(root, 'bin', 'spiketape.mjs');
  const runner = ['run', path.join(root, 'bench', script), '--runtime', node ? 'node' : 'chrome'];
  process.argv = [process.argv[0], bin, ...runner, '--out', path.dirname(out)];
  process.argv.push('--no-record', '--', '--file', path.basename(out));
  process.argv.push(...args);
  await import(pathToFileURL(bin).href);
}

function readPlan() {
  try {
    return plan(process.argv.slice(2));
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}
