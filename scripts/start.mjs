// `npm start`: sets up, then trains the digits. The runner's own options are picked out, the rest is for the script.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setup } from './setup.mjs';

const RUNNER_FLAGS = ['--headed', '--json'];
const RUNNER_VALUES = ['--runtime', '--out', '--data'];

const runner = [];
const own = [];
const given = process.argv.slice(2);
for (let i = 0; i < given.length; i++) {
  const arg = given[i];
  const name = arg.split('=')[0];
  if (RUNNER_FLAGS.includes(arg)) runner.push(arg);
  else if (!RUNNER_VALUES.includes(name)) own.push(arg);
  else if (arg.includes('=') || i + 1 === given.length) runner.push(arg);
  else runner.push(arg, given[++i]);
}

const inNode = runner.includes('--runtime=node') || runner[runner.indexOf('--runtime') + 1] === 'node';
await setup({ browser: !inNode });

const bin = path.join(root, 'bin', 'spiketape.mjs');
process.argv = [process.argv[0], bin, 'run', path.join(root, 'examples', 'digits.ts'), ...runner, '--', ...own];
await import(pathToFileURL(bin).href);
