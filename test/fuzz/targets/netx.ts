import type { Imported } from '../../../src/exchange/exported.ts';
import { readHdf5 } from '../../../src/exchange/hdf5/read.ts';
import { encodeNetx, imported, inspected, replayed } from '../../../src/exchange/netx/index.ts';
import { type NetxNet, readNetxTree } from '../../../src/exchange/netx/read.ts';
import { Conv2d } from '../../../src/layers/conv2d.ts';
import { Flatten } from '../../../src/layers/flatten.ts';
import { LIF } from '../../../src/layers/lif.ts';
import { Linear } from '../../../src/layers/linear.ts';
import { Sequential } from '../../../src/layers/sequential.ts';
import { fixture } from '../fixtures.ts';
import { anyBytes } from '../mutators/bytes.ts';
import { sample } from '../sample.ts';
import { type Target, way } from '../target.ts';
import { patience, throughTree, worker } from './hdf5.ts';
import { wrongNet } from './model.ts';

/** As Loihi resets. */
const zero = { reset: 'zero' } as const;

const nets = (): Sequential[] => [
  new Sequential(new LIF(3, 4, { recurrent: true, ...zero }), new Linear(4, 2), new LIF(2, zero)),
  new Sequential(
    new Conv2d([1, 1, 3], 2, [1, 2]),
    new LIF(4, zero),
    new Flatten([2, 1, 2]),
    new Linear(4, 2),
    new LIF(2, zero),
  ),
];

const ours = (): Promise<Uint8Array[]> =>
  Promise.all(nets().map(async (net) => (await encodeNetx(net)).files[0]!.bytes));
const makes = [way('bytes', 1, anyBytes), way('tree', 8, throughTree)];
const SAYS = /^(HDF5|not an HDF5 file|readHdf5|NetX|netx|not a NetX file|decodeNetx|replayNetx)\b|^'?\/?layer/;

const read = async (bytes: Uint8Array): Promise<NetxNet> => readNetxTree(await readHdf5(bytes, patience), undefined);

/** `decodeNetx`. */
export const netx: Target = {
  name: 'netx',
  ...worker,
  says: SAYS,
  seeds: async () => [...(await ours()), fixture('lava_dl.net.gz')],
  makes,
  read: async (bytes) => imported(await read(bytes)),
  wrong: (value) => wrongNet((value as Imported).net),
};

/** `inspectNetx`, and `replayNetx`: running what was read. */
export const netxRun: Target = {
  name: 'netx-run',
  ...worker,
  says: SAYS,
  seeds: ours,
  makes,
  async read(bytes) {
    const net = await read(bytes);
    inspected(net);
    return replayed(net, sample());
  },
};
