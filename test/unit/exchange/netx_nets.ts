import { expect } from 'vitest';
import type { Activity, Sample } from '../../../src/exchange/activity.ts';
import { hasNeurons, type NetxLayer } from '../../../src/exchange/netx/layers.ts';
import { planOf } from '../../../src/exchange/netx/plan.ts';
import { runLoihi } from '../../../src/exchange/netx/run.ts';
import type { Sequential } from '../../../src/layers/sequential.ts';

/** Numbers that look random and are the same every time. */
export function numbers(seed: number): () => number {
  let x = (seed * 2654435761) >>> 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

export function spikes(N: number, seed: number, T = 40, B = 2): Sample {
  const random = numbers(seed);
  return { T, B, N, inputs: Float32Array.from({ length: T * B * N }, () => (random() < 0.3 ? 1 : 0)) };
}

/** Every weight and bias of a net a multiple of 1/32, within what Loihi has; every second one a multiple of 1/16. */
export function onGrid(net: Sequential, seed: number): Sequential {
  const random = numbers(seed);
  for (const [name, p] of net.namedParameters())
    if (/weight$|bias$/.test(name))
      for (let i = 0; i < p.data.length; i++) p.data[i] = Math.floor(random() * 96 - 40) / 32;
  return net;
}

export const zero = { reset: 'zero' } as const;
export const layersOf = (net: Sequential, scale?: number): readonly NetxLayer[] => {
  const { layers, refused } = planOf(net, scale);
  expect(refused).toEqual([]);
  return layers;
};
export const labelsOf = (layers: readonly NetxLayer[]): string[] =>
  layers.filter(hasNeurons).map(({ meaning }) => meaning.label!);
export const replay = (layers: readonly NetxLayer[], sample: Sample): Activity =>
  runLoihi(layers, sample, labelsOf(layers));
/** The integers, without what names the net. */
export const integers = (layers: readonly NetxLayer[]): unknown =>
  layers.map((layer) => (hasNeurons(layer) ? { ...layer, meaning: layer.meaning.scale } : layer));
