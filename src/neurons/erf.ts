const { abs, exp, sign, sqrt, PI } = Math;

/**
 * The error function to the last few bits of a float64: below 2 by its series with positive terms,
 * 2/sqrt(pi) e^{-x^2} (x + 2 x^3/3 + 4 x^5/(3 5) + ...); from there by the continued fraction of what is missing to 1.
 * Beyond 6 that is less than a float64 can tell.
 */
export function erf(x: number): number {
  const a = abs(x);
  if (!(a < 6)) return Number.isNaN(x) ? x : sign(x);
  const front = exp(-a * a) / sqrt(PI);
  if (a < 2) {
    let [term, sum] = [x, x];
    for (let n = 1; abs(term) > 1e-17 * abs(sum); n++) {
      term *= (2 * a * a) / (2 * n + 1);
      sum += term;
    }
    return 2 * front * sum;
  }
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (a + fraction);
  return sign(x) * (1 - front / (a + fraction));
}
