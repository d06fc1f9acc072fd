/** Uniform numbers in [0, 1) from a text: xorshift32 (Marsaglia 2003), seeded by FNV-1a of the text. */
export function random(seed: string): () => number {
  let x = 2166136261;
  for (let i = 0; i < seed.length; i++) x = Math.imul(x ^ seed.charCodeAt(i), 16777619);
  x ||= 1;
  const next = (): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
  // neighbouring seeds begin alike
  for (let i = 0; i < 16; i++) next();
  return next;
}

/** A standard normal number (Box & Muller 1958). */
export function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
