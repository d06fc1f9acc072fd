// `npm run gradcheck`: sets up, then proves the gradients in headless Chrome, or with `--runtime node` on Dawn in Node, which
// takes several times as long on a software adapter. Writes gradcheck.json into the repository's root.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setup } from './setup.mjs';

const given = process.argv.slice(2);
const at = given.findIndex((arg) => arg === '--runtime' || arg.startsWith('--runtime='));
const asked = at < 0 ? [] : given.splice(at, given[at] === '--runtime' ? 2 : 1);
await setup({ browser: asked.join('=') !== '--runtime=node' });

const bin = path.join(root, 'bin', 'spiketape.mjs');
const script = path.join(root, 'gradcheck', 'main.ts');
process.argv = [process.argv[0], bin, 'run', script, ...asked, '--out', root, '--no-record', '--', ...given];
await import(pathToFileURL(bin).href);
