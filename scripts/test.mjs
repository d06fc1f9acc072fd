// `npm test`: sets up, then runs every test, or those that the arguments name.
import path from 'node:path';
import { root, run, setup } from './setup.mjs';

await setup();
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
process.exitCode = await run(process.execPath, [vitest, 'run', ...process.argv.slice(2)]);
