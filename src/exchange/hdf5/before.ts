/**
 * What must be in place before the library is started: it keeps the console's functions and the clock that it finds.
 * Imported first by the worker.
 */

// it prints diagnostics of damaged files, which come as errors too
for (const name of ['log', 'warn', 'error'] as const) console[name] = () => undefined;

// datasets carry the time at which they were made; without one the same data make the same bytes
Date.now = () => 0;

let most = Number.POSITIVE_INFINITY;
let grown = 0;

/** The library's memory does not grow past so many bytes; what needs more fails as if the machine had no more. */
export const limitMemory = (bytes: number): void => {
  most = bytes;
};

/** Bytes of the library's memory after it last grew; it never shrinks. */
export const memory = (): number => grown;

const grow = WebAssembly.Memory.prototype.grow;
const PAGE = 65536;
WebAssembly.Memory.prototype.grow = function (pages: number): number {
  const wanted = this.buffer.byteLength + pages * PAGE;
  if (wanted > most) throw new RangeError(`${wanted} bytes are more than the ${most} allowed`);
  grown = wanted;
  return grow.call(this, pages);
};
