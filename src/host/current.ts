import type { Host } from './types.ts';

/** Where the runner leaves the host before the script's module is evaluated; every copy of the package shares it. */
export const HOST_KEY = Symbol.for('spiketape.host');

/** Whether this code runs under `spiketape run`, that is, whether `host` may be used. */
export function hasHost(): boolean {
  return HOST_KEY in globalThis;
}

function current(): Host {
  const found = (globalThis as Record<symbol, unknown>)[HOST_KEY];
  if (!found) {
    throw new Error('host: there is none here; this script needs `npx spiketape run script.ts`');
  }
  return found as Host;
}

/**
 * The running script's interface to its surroundings. It is looked up at every use, so that importing this module is
 * harmless where there is no host; using it there throws.
 */
export const host: Host = new Proxy({} as Host, { get: (_, name) => Reflect.get(current(), name) });
