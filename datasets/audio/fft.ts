/**
 * The discrete Fourier transform of n real numbers as a power spectrum, by mixed-radix decimation in time (Cooley & Tukey
 * 1965): fast where n is a product of small primes, as 256, 400 and 512 are; in float64.
 *
 * @returns a function from [n] to |X_k|^2 for k = 0 .. n / 2, written into its second argument
 */
export function powerSpectrum(n: number): (frame: ArrayLike<number>, out: Float64Array) => void {
  const factors = factorsOf(n);
  const order = orderOf(n, factors);
  const cos = Float64Array.from({ length: n }, (_, k) => Math.cos((2 * Math.PI * k) / n));
  const sin = Float64Array.from({ length: n }, (_, k) => -Math.sin((2 * Math.PI * k) / n));
  const [re, im] = [new Float64Array(n), new Float64Array(n)];
  const widest = Math.max(1, ...factors);
  const [hre, him] = [new Float64Array(widest), new Float64Array(widest)];

  /** Joins p transforms, `m` apart from i on, to one: their k-th elements. Angles are multiples of stride * 2 pi / n. */
  const join = (p: number, m: number, stride: number, i: number, k: number): void => {
    for (let r = 0; r < p; r++) {
      const w = r * k * stride;
      hre[r] = re[i + r * m]! * cos[w]! - im[i + r * m]! * sin[w]!;
      him[r] = re[i + r * m]! * sin[w]! + im[i + r * m]! * cos[w]!;
    }
    for (let q = 0; q < p; q++) {
      let x = 0;
      let y = 0;
      for (let r = 0; r < p; r++) {
        const w = (r * q * m * stride) % n;
        x += hre[r]! * cos[w]! - him[r]! * sin[w]!;
        y += hre[r]! * sin[w]! + him[r]! * cos[w]!;
      }
      re[i + q * m] = x;
      im[i + q * m] = y;
    }
  };

  /** The same for p = 4, whose own angles are quarter turns. */
  const join4 = (m: number, stride: number, i: number, k: number): void => {
    const w = k * stride;
    const ar = re[i]!;
    const ai = im[i]!;
    const br = re[i + m]! * cos[w]! - im[i + m]! * sin[w]!;
    const bi = re[i + m]! * sin[w]! + im[i + m]! * cos[w]!;
    const cr = re[i + 2 * m]! * cos[2 * w]! - im[i + 2 * m]! * sin[2 * w]!;
    const ci = re[i + 2 * m]! * sin[2 * w]! + im[i + 2 * m]! * cos[2 * w]!;
    const dr = re[i + 3 * m]! * cos[3 * w]! - im[i + 3 * m]! * sin[3 * w]!;
    const di = re[i + 3 * m]! * sin[3 * w]! + im[i + 3 * m]! * cos[3 * w]!;
    re[i] = ar + cr + br + dr;
    im[i] = ai + ci + bi + di;
    re[i + m] = ar - cr + bi - di;
    im[i + m] = ai - ci - br + dr;
    re[i + 2 * m] = ar + cr - br - dr;
    im[i + 2 * m] = ai + ci - bi - di;
    re[i + 3 * m] = ar - cr - bi + di;
    im[i + 3 * m] = ai - ci + br - dr;
  };

  const join2 = (m: number, stride: number, i: number, k: number): void => {
    const w = k * stride;
    const br = re[i + m]! * cos[w]! - im[i + m]! * sin[w]!;
    const bi = re[i + m]! * sin[w]! + im[i + m]! * cos[w]!;
    re[i + m] = re[i]! - br;
    im[i + m] = im[i]! - bi;
    re[i] = re[i]! + br;
    im[i] = im[i]! + bi;
  };

  return (frame, out) => {
    for (let i = 0; i < n; i++) re[i] = frame[order[i]!]!;
    im.fill(0);
    let m = 1;
    for (let depth = factors.length - 1; depth >= 0; depth--) {
      const p = factors[depth]!;
      const size = m * p;
      for (let start = 0; start < n; start += size) {
        for (let k = 0; k < m; k++) {
          if (p === 4) join4(m, n / size, start + k, k);
          else if (p === 2) join2(m, n / size, start + k, k);
          else join(p, m, n / size, start + k, k);
        }
      }
      m = size;
    }
    for (let k = 0; k <= n >> 1; k++) out[k] = re[k]! ** 2 + im[k]! ** 2;
  };
}

/** Fours first, since they cost least. */
function factorsOf(n: number): number[] {
  const factors: number[] = [];
  let rest = n;
  const take = (p: number): void => {
    for (; rest % p === 0; rest /= p) factors.push(p);
  };
  take(4);
  for (let p = 2; rest > 1; p++) take(p);
  return factors;
}

/** Where each number stands before the smallest transforms are joined. */
function orderOf(n: number, factors: readonly number[]): Uint32Array {
  const order = new Uint32Array(n);
  const place = (from: number, stride: number, size: number, depth: number, to: number): void => {
    if (size === 1) {
      order[to] = from;
      return;
    }
    const p = factors[depth]!;
    for (let r = 0; r < p; r++) place(from + r * stride, stride * p, size / p, depth + 1, to + (r * size) / p);
  };
  place(0, 1, n, 0, 0);
  return order;
}
