// `npm run gradcheck`: sets up, then proves the gradients, on Dawn in Node if that has an adapter, else in Chrome;
// `--runtime node|chrome` chooses. Writes gradcheck.json into the repository's root.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setup } from './setup.mjs';

const bin = path.join(root, 'bin', 'spiketape.mjs');
const given = process.argv.slice(2);
const at = given.findIndex((arg) => arg === '--runtime' || arg.startsWith('--runtime='));
const asked = at < 0 ? [] : given.splice(at, given[at] === '--runtime' ? 2 : 1);
if (asked.length === 0) {
  await setup({ browser: false });
  const probe = [bin, 'run', path.join(root, 'gradcheck', 'probe.ts'), '--runtime', 'node'];
  const found = spawnSync(process.execPath, probe, { cwd: root, stdio: 'ignore' }).status === 0;
  asked.push('--runtime', found ? 'node' : 'chrome');
}
const inNode = asked.join('=') === '--runtime=node';
await setup({ browser: !inNode });

const script = path.join(root, 'gradcheck', 'main.ts');
process.argv = [process.argv[0], bin, 'run', script, ...asked, '--out', root, '--', ...given];
await import(pathToFileURL(bin).href);
