/** Ours beside its peers in the browser, on one page: `npm run bench`. */
import { watchAdapters } from './adapters.ts';
import type { Contender } from './contender.ts';
import { dependencies } from './package.json';
import { jax } from './peers/jax.ts';
import { tfjs } from './peers/tfjs.ts';
import { bench } from './run.ts';

const adapters = watchAdapters(navigator.gpu);

/** A peer that refuses to run on another adapter than the first one asked for, which is ours. */
const onOurs = (peer: Contender): Contender => ({
  name: peer.name,
  async prepare(c, data) {
    const before = adapters.length;
    const runner = await peer.prepare(c, data);
    const others = adapters.slice(before).filter((name) => name !== adapters[0]);
    if (others.length > 0) throw new Error(`it is on ${others[0]}, ours on ${adapters[0]}`);
    return runner;
  },
});

await bench(
  { tfjs: onOurs(tfjs), jax: onOurs(jax) },
  { 'tfjs-webgpu': dependencies['@tensorflow/tfjs-backend-webgpu'], 'jax-js': dependencies['@jax-js/jax'] },
);
