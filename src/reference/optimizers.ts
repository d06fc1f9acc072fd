import { CLIP } from '../kernels/optimizers.ts';
import type { Twin, TwinCall } from './twin.ts';

/** Calls `update` with each parameter that a call of an update rule changes, and its clipped gradient. */
function each(c: TwinCall, update: (i: number, gradient: number, slot: (n: number) => number) => void): void {
  const grads = c.of('grads');
  const { first, count, slots, clip } = c.dims as Record<'first' | 'count' | 'slots' | 'clip', number>;
  const ranges = c.flag('GROUPS') ? c.of('ranges') : null;
  const kind = c.constant('CLIP');
  let r = 0;
  for (let i = first; i < first + count; i++) {
    while (ranges && i >= ranges[2 * r]!) r++;
    const base = ranges ? ranges[2 * r + 1]! : slots;
    let g = grads[i]!;
    if (kind === CLIP.value) g = Math.min(Math.max(g, -c.slot(clip)), c.slot(clip));
    if (kind === CLIP.norm) g *= Math.min(1, c.slot(clip) / (c.of('norm')[0]! + 1e-6));
    update(i, g, (n) => c.slot(base + n));
  }
}

/** Twin of adam. */
export const adam: Twin = (c) => {
  const [params, moments] = [c.of('params'), c.of('moments')];
  const total = c.dims.total!;
  each(c, (i, gradient, slot) => {
    const [lr, r1, r2, eps, left1, left2, l2, decay] = Array.from({ length: 8 }, (_, n) => slot(n)) as Eight;
    const g = gradient + l2 * params[i]!;
    const m = (1 - r1) * moments[i]! + r1 * g;
    const s = (1 - r2) * moments[total + i]! + r2 * g * g;
    moments[i] = m;
    moments[total + i] = s;
    params[i]! -= lr * (m / left1 / (Math.sqrt(s / left2) + eps) + decay * params[i]!);
  });
};

type Eight = [number, number, number, number, number, number, number, number];

/** Twin of sgd. */
export const sgd: Twin = (c) => {
  const [params, moments] = [c.of('params'), c.of('moments')];
  each(c, (i, gradient, slot) => {
    const [momentum, take, nesterov] = [slot(1), slot(2), slot(3)];
    const g = gradient + slot(4) * params[i]!;
    moments[i] = momentum * moments[i]! + take * g;
    params[i]! -= slot(0) * (nesterov ? g + momentum * moments[i]! : moments[i]!);
  });
};

/** Twin of rmsprop. */
export const rmsprop: Twin = (c) => {
  const [params, moments] = [c.of('params'), c.of('moments')];
  const total = c.dims.total!;
  each(c, (i, gradient, slot) => {
    const [r, eps, momentum] = [slot(1), slot(2), slot(3)];
    const g = gradient + slot(4) * params[i]!;
    moments[i] = (1 - r) * moments[i]! + r * g * g;
    let spread = moments[i]!;
    if (c.flag('CENTERED')) {
      moments[2 * total + i] = (1 - r) * moments[2 * total + i]! + r * g;
      spread = Math.max(0, spread - moments[2 * total + i]! ** 2);
    }
    moments[total + i] = momentum * moments[total + i]! + g / (Math.sqrt(spread) + eps);
    params[i]! -= slot(0) * moments[total + i]!;
  });
};

/** Twin of gradient_norm. */
export const gradientNorm: Twin = (c) => {
  const [x, result] = [c.of('x'), c.of('result')];
  const { count, share } = c.dims as Record<'count' | 'share', number>;
  for (let g = 0; g < Math.ceil(count / share); g++) {
    let sum = 0;
    for (let i = g * share; i < Math.min(count, (g + 1) * share); i++) sum += c.flag('SQUARES') ? x[i]! ** 2 : x[i]!;
    result[g] = c.flag('LAST') ? Math.sqrt(sum) : sum;
  }
};
