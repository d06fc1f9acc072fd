import type { Sequential } from '../../layers/sequential.ts';
import { type NpyArray, npy, numbersOf } from './dtypes.ts';
import { decodeNpz, encodeNpz } from './npz.ts';

/** All parameters of a net, by the names that a saved model has (`0.weight`, `0.recurrent.weight`), as float32. */
export async function weightsNpz(net: Sequential): Promise<Uint8Array> {
  return encodeNpz(new Map([...net.namedParameters()].map(([name, p]) => [name, npy(p.data, p.shape)])));
}

/**
 * Puts parameters from a .npz file into a net of the same form. The net stays as it was when something is wrong.
 *
 * @throws when an array is missing, of another shape, no floats, not finite, or of no parameter
 */
export async function loadWeightsNpz(net: Sequential, bytes: Uint8Array): Promise<void> {
  const arrays = await decodeNpz(bytes);
  const fail = (name: string, what: string): never => {
    throw new Error(`loadWeightsNpz: parameter '${name}' ${what}`);
  };
  const parameters = net.namedParameters();
  const unknown = [...arrays.keys()].filter((name) => !parameters.has(name));
  if (unknown.length)
    throw new Error(`loadWeightsNpz: the file has arrays that are no parameters of the net: ${unknown.join(', ')}`);
  const read = [...parameters].map(([name, p]) => {
    const array: NpyArray = arrays.get(name) ?? fail(name, 'is missing from the file');
    if (!array.dtype.startsWith('float') || array.shape.join() !== p.shape.join())
      fail(name, `must be floats [${p.shape.join(', ')}], the file has ${array.dtype} [${array.shape.join(', ')}]`);
    const values = numbersOf(array);
    const bad = values.findIndex((x) => !Number.isFinite(Math.fround(x)));
    if (bad >= 0) fail(name, `must be finite, the file has ${values[bad]} at ${bad}`);
    return [p, values] as const;
  });
  for (const [p, values] of read) p.data.set(values);
}
