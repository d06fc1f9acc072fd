import type { Imported } from '../../../src/exchange/exported.ts';
import { decodeSnntorch, encodeSnntorch, inspectSnntorch } from '../../../src/exchange/snntorch/index.ts';
import { Conv2d } from '../../../src/layers/conv2d.ts';
import { CubaLIF } from '../../../src/layers/cuba_lif.ts';
import { LIF } from '../../../src/layers/lif.ts';
import { Linear } from '../../../src/layers/linear.ts';
import { Readout } from '../../../src/layers/readout.ts';
import { Sequential } from '../../../src/layers/sequential.ts';
import { anyBytes } from '../mutators/bytes.ts';
import { editHeader, withoutSums } from '../mutators/safetensors.ts';
import { plainNets } from '../nets.ts';
import { megabytes, type Target, way } from '../target.ts';
import { wrongNet } from './model.ts';

const nets = (): Sequential[] => [
  ...plainNets(),
  new Sequential(new Linear(3, 4), new CubaLIF(4), new Linear(4, 2), new Readout(2)),
  new Sequential(new Conv2d([1, 1, 3], 2, [1, 2]), new LIF(4)),
];

/** `decodeSnntorch` and `inspectSnntorch`. Bound: that of `decodeSafetensors`, and the tensors in float64 and as a net. */
export const snntorch: Target = {
  name: 'snntorch',
  milliseconds: 200,
  bound: (size) => megabytes(24) + 500 * size,
  says: /^(snnTorch|snntorch|decodeSnntorch|safetensors)\b/,
  async seeds() {
    const files = await Promise.all(nets().map(async (net) => (await encodeSnntorch(net)).files[0]!.bytes));
    return files.map(withoutSums);
  },
  makes: [way('bytes', 1, anyBytes), way('header', 5, (bytes, _, random) => editHeader(bytes, random))],
  async read(bytes) {
    const read = await decodeSnntorch(bytes);
    inspectSnntorch(bytes);
    return read;
  },
  wrong: (value) => wrongNet((value as Imported).net),
};
