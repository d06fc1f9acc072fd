import type { Layer } from '../layers/layer.ts';

/**
 * A parameter as kernels read it: within its range, 0 where there is no connection or where a weight has the wrong sign.
 *
 * @param name within the layer: `weight`, `recurrent.weight`, `tau`
 * @returns in the parameter's own shape
 * @throws when the layer has no such parameter
 */
export function effectiveWeights(layer: Layer, name: string): Float64Array {
  const p = layer.params[name];
  if (!p) throw new Error(`${layer.config.kind}: has no parameter '${name}'; it has ${Object.keys(layer.params)}`);
  const { min = -Infinity, max = Infinity, noDiagonal = false, mask, signs, rewire } = p.options;
  const pre = p.data.length / (p.shape[0] ?? 1);
  // the mask of rewired connections holds the sign of each
  const signOf = (i: number): number =>
    rewire ? mask!.data[i]! : signs ? signs.data[i % pre]! : Math.sign(p.data[i]!) || 1;
  return Float64Array.from(p.data, (w, i) => {
    const there = !(noDiagonal && Math.floor(i / pre) === i % pre) && mask?.data[i] !== 0;
    const stored = there && w * signOf(i) >= 0 ? w : 0;
    return Math.min(max, Math.max(min, stored));
  });
}
