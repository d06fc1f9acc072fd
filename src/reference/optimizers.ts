import type { Twin } from './twin.ts';

/** Twin of adam. */
export const adam: Twin = (c) => {
  const [params, grads, moments] = [c.of('params'), c.of('grads'), c.of('moments')];
  const { first, count, total, slots } = c.dims as Record<'first' | 'count' | 'total' | 'slots', number>;
  const [lr, b1, b2, eps, left1, left2, decay] = Array.from({ length: 7 }, (_, i) => c.slot(slots + i)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let i = first; i < first + count; i++) {
    const g = grads[i]!;
    const m = b1 * moments[i]! + (1 - b1) * g;
    const s = b2 * moments[total + i]! + (1 - b2) * g * g;
    moments[i] = m;
    moments[total + i] = s;
    params[i]! -= lr * (m / left1 / (Math.sqrt(s / left2) + eps) + decay * params[i]!);
  }
};

/** Twin of sgd. */
export const sgd: Twin = (c) => {
  const [params, grads, moments] = [c.of('params'), c.of('grads'), c.of('moments')];
  const { first, count, slots } = c.dims as Record<'first' | 'count' | 'slots', number>;
  for (let i = first; i < first + count; i++) {
    moments[i] = c.slot(slots + 1) * moments[i]! + grads[i]!;
    params[i]! -= c.slot(slots) * moments[i]!;
  }
};
