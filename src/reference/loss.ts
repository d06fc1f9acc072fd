import { POOL, TARGET } from '../kernels/loss.ts';
import { quads } from '../kernels/sizes.ts';
import type { Twin } from './twin.ts';

/** A loss of one vector of outputs, and its derivative by each of them. */
interface Judged {
  readonly value: number;
  readonly derivative: readonly number[];
}

/** Twin of loss: cross entropy or squared error over the counted steps of each sample, and its gradient. */
export const loss: Twin = (c) => {
  const { T, B, window, numbers } = c.dims as Record<'T' | 'B' | 'window' | 'numbers', number>;
  const [N, pool, target] = [c.constant('N'), c.constant('POOL'), c.constant('TARGET')];
  const pitch = 4 * quads(N);
  const [outputs, result] = [c.of('outputs'), c.of('result')];
  const grad = c.flag('HAS_GRAD') ? c.of('grad') : null;
  const squares = c.flag('SQUARES');
  const classWeight = (n: number): number => (c.flag('HAS_CLASS_WEIGHTS') ? c.of('class_weights')[n]! : 1);
  grad?.fill(0);
  for (let b = 0; b < B; b++) {
    const labelAt = (t: number): number => {
      if (target === TARGET.label) return c.of('labels')[b]!;
      return target === TARGET.labelPerStep ? c.of('labels')[t * B + b]! : 0;
    };
    const label = labelAt(0);
    const length = c.flag('HAS_LENGTHS') ? c.of('lengths')[b]! : T;
    const counted: { t: number; w: number }[] = [];
    for (let t = Math.max(0, length - window); t < length; t++) {
      const w = c.flag('HAS_MASK') ? c.of('mask')[t * B + b]! : 1;
      if (w > 0) counted.push({ t, w });
    }
    const total = counted.reduce((sum, { w }) => sum + w, 0);
    const at = (t: number, n: number): number => outputs[(t * B + b) * pitch + n]!;
    const overClasses = (of: (n: number) => number): number[] => Array.from({ length: N }, (_, n) => of(n));
    const sums = overClasses((n) => counted.reduce((sum, { t, w }) => sum + w * at(t, n), 0));
    // the first of equal steps
    const largest = overClasses((n) =>
      counted.reduce((best, { t }) => (best < 0 || at(t, n) > at(best, n) ? t : best), -1),
    );
    const pooled = overClasses((n) => {
      if (counted.length === 0) return 0;
      if (pool === POOL.max) return Number.isNaN(sums[n]!) ? Number.NaN : at(largest[n]!, n);
      return pool === POOL.sum ? sums[n]! : sums[n]! / total;
    });

    const goal = (t: number, n: number): number => {
      if (target === TARGET.perSample) return c.of('targets')[b * pitch + n]!;
      if (target === TARGET.perStep) return c.of('targets')[(t * B + b) * pitch + n]!;
      return c.slot(numbers + (n === labelAt(t) ? 1 : 2)) * (pool === POOL.sum ? total : 1);
    };
    const judge = (f: readonly number[], t: number): Judged => {
      if (squares) {
        const scale = 1 / (N * (pool === POOL.sum ? total : 1));
        return squaredError(
          f,
          f.map((_, n) => goal(t, n)),
          scale,
        );
      }
      const smoothing = c.flag('SMOOTHED') ? c.slot(numbers + 1) : 0;
      const wanted = f.map((_, n) => classWeight(n) * ((n === labelAt(t) ? 1 - smoothing : 0) + smoothing / N));
      return crossEntropy(f, wanted);
    };
    const weight = c.slot(numbers) * (squares ? classWeight(label) : 1);
    let value = 0;
    let share = 0;
    const best = (f: readonly number[]): number => f.indexOf(Math.max(...f));
    const whole = counted.length > 0 && pool !== POOL.none ? judge(pooled, 0) : null;
    if (whole) value = whole.value;
    for (const { t, w } of counted) {
      const here =
        whole ??
        judge(
          overClasses((n) => at(t, n)),
          t,
        );
      if (!whole) value += (w / total) * here.value;
      if (target === TARGET.labelPerStep && best(overClasses((n) => at(t, n))) === labelAt(t)) share += w / total;
      for (let n = 0; n < N; n++) {
        let part = w / total;
        if (pool === POOL.sum) part = w;
        if (pool === POOL.max) part = largest[n] === t ? 1 : 0;
        if (grad) grad[(t * B + b) * pitch + n] = weight * part * here.derivative[n]!;
      }
    }
    const some = counted.length > 0;
    let prediction = target === TARGET.label ? best(pooled) : -1;
    let answer = label;
    if (target === TARGET.label) share = some && prediction === label ? 1 : 0;
    if (target === TARGET.labelPerStep && some) {
      const { t } = counted.at(-1)!;
      prediction = best(overClasses((n) => at(t, n)));
      answer = labelAt(t);
    }
    result.set([weight * value, share, prediction, some ? answer : -1], 4 * b);
  }
};

/** -sum of wanted * log softmax(f). */
function crossEntropy(f: readonly number[], wanted: readonly number[]): Judged {
  const largest = Math.max(...f);
  const e = f.map((x) => Math.exp(x - largest));
  const total = e.reduce((a, b) => a + b, 0);
  const all = wanted.reduce((a, b) => a + b, 0);
  return {
    value: f.reduce((sum, x, n) => sum + wanted[n]! * (Math.log(total) + largest - x), 0),
    derivative: e.map((x, n) => (all * x) / total - wanted[n]!),
  };
}

/** scale * sum of (f - goal)^2. */
function squaredError(f: readonly number[], goal: readonly number[], scale: number): Judged {
  return {
    value: f.reduce((sum, x, n) => sum + scale * (x - goal[n]!) ** 2, 0),
    derivative: f.map((x, n) => 2 * scale * (x - goal[n]!)),
  };
}
