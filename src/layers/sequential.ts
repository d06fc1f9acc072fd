import seedrandom from 'seedrandom';
import type { Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { type CarriedState, Layer } from './layer.ts';

/**
 * Layers one after another. Weights that were never drawn are drawn with seed 0; a layer that comes from another net keeps
 * its weights and takes the names of the new one.
 */
export class Sequential {
  readonly layers: readonly Layer[];

  /** @throws when the width of a layer's input is not that of the output before it */
  constructor(...layers: Layer[]) {
    if (layers.length === 0) throw new Error('Sequential: needs at least one layer');
    if (new Set(layers).size !== layers.length) throw new Error('Sequential: a layer may stand in a net once');
    layers.forEach((layer, i) => {
      if (!(layer instanceof Layer)) throw new Error(`Sequential: argument ${i} is no layer`);
      const before = layers[i - 1];
      if (before && before.outputs !== layer.inputs) {
        throw new Error(
          `Sequential: layer ${i} (${layer.config.kind}) expects inputs of width ${layer.inputs}, layer ${i - 1} (${before.config.kind}) gives ${before.outputs}`,
        );
      }
      layer.label = `${i} ${layer.config.kind}`;
      for (const [name, p] of Object.entries(layer.params)) p.name = `${i}.${name}`;
    });
    this.layers = layers;
    for (const p of this.parameters()) if (!p.drawn) p.initialize(seedrandom(`0/${p.name}`));
  }

  /** All parameters, in the order of the layers. */
  parameters(): Parameter[] {
    return this.layers.flatMap((l) => Object.values(l.params));
  }

  /** Draws the weights anew. Each depends on the seed and its own name alone. */
  initialize(seed: number): this {
    for (const p of this.parameters()) p.initialize(seedrandom(`${seed}/${p.name}`));
    return this;
  }

  /**
   * Records the net on the tape of x. Its state starts at 0 with every call, unless one is carried over.
   *
   * @param x [T, B, inputs] spikes or dense
   * @param options `state` starts from the state that an earlier step with the same object left, and is left there
   */
  forward(x: Tensor, options: { state?: CarriedState } = {}): Tensor {
    if (x.shape.length !== 3) throw new Error(`net: expects [T, B, inputs], got ${x}`);
    const first = this.layers[0]!;
    if (x.shape[2] !== first.inputs)
      throw new Error(`net: layer 0 (${first.config.kind}) expects inputs of width ${first.inputs}, got ${x}`);
    return this.layers.reduce((y, layer) => layer.forward(y, { carried: options.state }), x);
  }
}
