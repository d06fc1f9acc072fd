/** Ours alone, where no browser is needed: `npm run bench -- --runtime node`. */
import { bench } from './run.ts';

await bench({}, {});
