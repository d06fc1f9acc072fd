import { saveModel } from '../../../src/io/model.ts';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../../../src/io/safetensors.ts';
import { type Dtype, dtypes } from '../../../src/io/tensor-dtypes.ts';
import { anyBytes, oneBit } from '../mutators/bytes.ts';
import { editHeader, withoutSums } from '../mutators/safetensors.ts';
import { nets } from '../nets.ts';
import { megabytes, type Target, way } from '../target.ts';

/** Every element type, an empty tensor, a scalar. */
function kinds(): Uint8Array {
  const tensors = (Object.keys(dtypes) as Dtype[]).map((dtype, i) => {
    const shape = i % 3 === 0 ? [2, 4] : i % 3 === 1 ? [8] : [4, 0, 2];
    const bytes = (shape.reduce((a, b) => a * b) * dtypes[dtype].bits) / 8;
    return { name: `t.${i}`, dtype, shape, data: Uint8Array.from({ length: bytes }, (_, k) => k) };
  });
  const scalar = { name: 'scalar', dtype: 'I64' as const, shape: [], data: BigInt64Array.of(-5n) };
  return encodeSafetensors([...tensors, scalar], { format: 'pt', 'a "key"': 'é' });
}

/** @returns what is wrong with tensors that were read, or null */
export function wrongTensors(tensors: ReadonlyMap<string, StoredTensor>): string | null {
  for (const [name, { dtype, shape, data }] of tensors) {
    const numbers = shape.reduce((a, b) => a * b, 1);
    const bytes = (numbers * dtypes[dtype].bits) / 8;
    if (!(data instanceof dtypes[dtype].View)) return `tensor '${name}' of ${dtype} has another array`;
    if (data.byteLength !== bytes) return `tensor '${name}' of [${shape}] has ${data.byteLength} bytes, not ${bytes}`;
  }
  return null;
}

/**
 * `decodeSafetensors`. Bound: what JSON makes of the header, up to 60 bytes for each of its own; the data is shared with the
 * file, or copied once where it is not aligned.
 */
export const safetensors: Target = {
  name: 'safetensors',
  milliseconds: 200,
  bound: (size) => megabytes(16) + 64 * size,
  says: /^safetensors: /,
  async seeds() {
    const files = [kinds(), ...Object.values(nets()).map((net) => saveModel(net).safetensors)];
    return [...files, ...files.map(withoutSums)];
  },
  makes: [
    way('bytes', 4, anyBytes),
    way('one bit', 2, oneBit),
    way('header', 4, (bytes, _, random) => editHeader(random.chance(0.8) ? withoutSums(bytes) : bytes, random)),
  ],
  read: decodeSafetensors,
  wrong(value, bytes, how) {
    const { tensors, metadata } = value as ReturnType<typeof decodeSafetensors>;
    if (Object.values(metadata).some((text) => typeof text !== 'string')) return 'metadata is no text';
    // a bit of a file with sums changes a key, a value, or the data, and all three are summed
    if (how === 'one bit' && new TextDecoder('latin1').decode(bytes).includes('spiketape.crc32.data'))
      return 'one bit is not as it was written';
    return wrongTensors(tensors);
  },
};
