import { numberCount, type Storage, unpackSpikes } from '../device/storage.ts';
import { quads } from '../kernels/sizes.ts';
import { halfValue } from './half.ts';

/** Input data in a storage's layout as plain numbers: padded as on the device, one number a spike. */
export function numbersOf(data: Float32Array | Uint32Array, to: Storage): Float64Array {
  const out = new Float64Array(numberCount(to));
  switch (to.form) {
    case 'f32':
    case 'words':
      out.set(data.subarray(0, out.length));
      return out;
    case 'bits': {
      const [T, B, N] = to.shape as [number, number, number];
      const spikes = unpackSpikes(data as Uint32Array, [T, B, N]);
      const pitch = 4 * quads(N);
      for (let r = 0; r < T * B; r++) for (let n = 0; n < N; n++) out[r * pitch + n] = spikes[r * N + n]!;
      return out;
    }
    case 'bytes':
      return out.map((_, i) => (data[i >>> 2]! >>> (8 * (i & 3))) & 255);
    case 'half':
      return out.map((_, i) => halfValue((data[i >>> 1]! >>> (16 * (i & 1))) & 0xffff));
  }
}
