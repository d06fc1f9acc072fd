import type { Planes } from '../../kernels/conv.ts';
import type { Layer } from '../../layers/layer.ts';
import { effectiveWeights } from '../weights.ts';
import type { Module } from './module.ts';

/** What is collected while a net is gone through. */
export interface Draft {
  readonly modules: Module[];
  /** Planes that the next module gets; null for plain vectors. */
  planes: Planes | null;
  readonly refused: string[];
  readonly lost: string[];
  readonly notes: string[];
}

/** A module without parameters. */
export const module = (kind: string, args: readonly string[], said: readonly string[]): Module => ({
  kind,
  args,
  tensors: new Map(),
  said,
});

/** Activations as a vector, as matrices read them. */
export function toVector(draft: Draft): void {
  if (draft.planes) draft.modules.push(module('Flatten', [], []));
  draft.planes = null;
}

/** The weights that a layer has for its inputs, as a module of their own. */
export function linear(layer: Layer, name: string, bias: Float64Array | null): Module {
  const { inputs, outputs } = layer;
  return {
    ...module('Linear', [`${inputs}`, `${outputs}`, ...(bias ? [] : ['bias=False'])], []),
    tensors: new Map([
      ['weight', { shape: [outputs, inputs], values: effectiveWeights(layer, name), dtype: 'F32' as const }],
      ...(bias ? [['bias', { shape: [outputs], values: bias, dtype: 'F32' as const }] as const] : []),
    ]),
  };
}

/** Says what becomes of masks and signs. */
export function constrained(draft: Draft, label: string, layer: Layer): void {
  if (Object.values(layer.params).some(({ options: o }) => o.mask || o.signs))
    draft.notes.push(`${label}: connections that are not there are weights of 0; training in snnTorch would move them`);
}
